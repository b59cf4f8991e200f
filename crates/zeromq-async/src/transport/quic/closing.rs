//! How a QUIC connection ends.

use std::fmt::{self, Display, Formatter};

use quinn::VarInt;

/// The codes with which an application closes a connection, as omq-tokio has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// All data was delivered.
    Done,
    /// The streams or the preface are not those of the profile.
    Setup,
    /// A liveness record is malformed, or its stream has ended.
    Control,
    /// Nothing came on the liveness stream in time.
    Silent,
    /// There is a third stream.
    Stream,
    /// The connection ended before all data was delivered.
    Aborted,
    Other(u64),
}

impl Code {
    const ALL: [Self; 6] =
        [Self::Done, Self::Setup, Self::Control, Self::Silent, Self::Stream, Self::Aborted];

    pub(super) fn of(code: VarInt) -> Self {
        let code = code.into_inner();
        let known = usize::try_from(code).ok().and_then(|code| Self::ALL.get(code).copied());
        known.unwrap_or(Self::Other(code))
    }

    pub(super) fn number(self) -> VarInt {
        let place = Self::ALL.iter().position(|code| *code == self);
        VarInt::from_u32(place.and_then(|place| u32::try_from(place).ok()).unwrap_or(u32::MAX))
    }
}

impl Display for Code {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "it was done",
            Self::Setup => {
                "the streams did not begin as the profile says; check that both sides speak it"
            }
            Self::Control => "the liveness stream was malformed or ended",
            Self::Silent => "nothing came on the liveness stream in time",
            Self::Stream => "there were too many streams",
            Self::Aborted => "it was aborted",
            Self::Other(code) => return write!(f, "code {code}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_numbers_of_the_profile() {
        for (number, code) in (0..).zip(Code::ALL) {
            assert_eq!(code.number(), VarInt::from_u32(number));
            assert_eq!(Code::of(VarInt::from_u32(number)), code);
        }
        assert_eq!(Code::of(VarInt::from_u32(6)), Code::Other(6));
    }
}
