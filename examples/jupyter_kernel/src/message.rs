//! Messages of the Jupyter protocol: identities, delimiter, signature and four dictionaries.

use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use zeromq_async::{Frame, Message};

/// The delimiter between routing ids and message.
const DELIMITER: &[u8] = b"<IDS|MSG>";

/// The supported version of the protocol.
const VERSION: &str = "5.3";

/// A received message with a valid signature.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The routing ids of the sender.
    pub(crate) identities: Vec<Frame>,
    pub(crate) header: Value,
    pub(crate) content: Value,
}

/// The reason why a message is dropped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("the message has no {}", String::from_utf8_lossy(DELIMITER))]
    NoDelimiter,
    #[error("the message has fewer than five frames after the delimiter")]
    TooShort,
    #[error("the signature does not match the key of the connection file")]
    Signature,
    #[error("a frame is not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Request {
    pub(crate) fn kind(&self) -> &str {
        self.header["msg_type"].as_str().unwrap_or_default()
    }
}

/// Signs outgoing messages and checks incoming ones, for one session of the kernel.
#[derive(Clone)]
pub(crate) struct Session {
    /// `None` if the key is empty. Messages are then not signed.
    mac: Option<Hmac<Sha256>>,
    id: String,
}

impl Session {
    pub(crate) fn new(key: &str) -> Result<Self, getrandom::Error> {
        let mac = match key {
            "" => None,
            key => Hmac::new_from_slice(key.as_bytes()).ok(),
        };
        Ok(Self { mac, id: random_id()? })
    }

    /// Checks the signature of a message and decodes it.
    pub(crate) fn open(&self, message: &Message) -> Result<Request, Unusable> {
        let frames = message.frames();
        let delimiter = frames.iter().position(|frame| **frame == *DELIMITER);
        let delimiter = delimiter.ok_or(Unusable::NoDelimiter)?;
        let (identities, rest) = (&frames[..delimiter], &frames[delimiter + 1..]);
        let [signature, header, parent, metadata, content, ..] = rest else {
            return Err(Unusable::TooShort);
        };
        if let Some(mac) = &self.mac {
            let mut mac = mac.clone();
            [header, parent, metadata, content].iter().for_each(|frame| mac.update(frame));
            let claimed = from_hex(signature).ok_or(Unusable::Signature)?;
            mac.verify_slice(&claimed).map_err(|_| Unusable::Signature)?;
        }
        Ok(Request {
            identities: identities.to_vec(),
            header: serde_json::from_slice(header)?,
            content: serde_json::from_slice(content)?,
        })
    }

    /// Encodes and signs a message in reply to `parent`, for the routing ids in `to`.
    pub(crate) fn seal(
        &self,
        to: &[Frame],
        kind: &str,
        parent: &Value,
        content: &Value,
    ) -> Result<Message, getrandom::Error> {
        let header = json!({
            "msg_id": random_id()?,
            "session": self.id,
            "username": "kernel",
            "date": humantime::format_rfc3339_micros(SystemTime::now()).to_string(),
            "msg_type": kind,
            "version": VERSION,
        });
        let parts = [&header, parent, &json!({}), content].map(Value::to_string);
        let signature = self.mac.as_ref().map_or_else(String::new, |mac| {
            let mut mac = mac.clone();
            parts.iter().for_each(|part| mac.update(part.as_bytes()));
            to_hex(&mac.finalize().into_bytes())
        });
        let mut frames = to.to_vec();
        frames.extend([Frame::from(DELIMITER), signature.into()]);
        frames.extend(parts.into_iter().map(Frame::from));
        Ok(Message::multipart(frames))
    }
}

fn random_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(to_hex(&bytes))
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::new("a key").unwrap()
    }

    #[test]
    fn sealed_message_opens_only_with_its_key() {
        let identities = [Frame::from("frontend")];
        let parent = json!({"msg_id": "1"});
        let content = json!({"code": "1 + 1"});
        let message = session().seal(&identities, "execute_request", &parent, &content).unwrap();
        let request = session().open(&message).unwrap();
        assert_eq!(request.identities, identities);
        assert_eq!((request.kind(), &request.content), ("execute_request", &content));
        let other = Session::new("another key").unwrap();
        assert!(matches!(other.open(&message), Err(Unusable::Signature)));
    }

    #[test]
    fn altered_message_does_not_open() {
        let message = session().seal(&[], "a_request", &json!({}), &json!({"n": 1})).unwrap();
        for changed in 1..message.frame_count() {
            let frames = message.frames().iter().enumerate().map(|(index, frame)| {
                if index == changed { Frame::from(r#"{"n":2}"#) } else { frame.clone() }
            });
            let altered = Message::multipart(frames.collect::<Vec<_>>());
            assert!(matches!(session().open(&altered), Err(Unusable::Signature)), "{changed}");
        }
        assert!(matches!(session().open(&"text".into()), Err(Unusable::NoDelimiter)));
        let short = Message::multipart(["<IDS|MSG>", "", "{}", "{}", "{}"]);
        assert!(matches!(session().open(&short), Err(Unusable::TooShort)));
        let no_json = Message::multipart(["<IDS|MSG>", "", "{}", "{}", "{}", "{"]);
        assert!(matches!(Session::new("").unwrap().open(&no_json), Err(Unusable::Json(_))));
    }

    #[test]
    fn hex_is_decoded_whole_or_not_at_all() {
        assert_eq!(from_hex(b"00ff"), Some(vec![0, 255]));
        for text in [&b"0"[..], b"zz", "é".as_bytes(), b"\xff\xff"] {
            assert_eq!(from_hex(text), None);
        }
    }
}
