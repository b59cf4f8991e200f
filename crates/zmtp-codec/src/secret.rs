//! Comparison of secrets in constant time.

/// Whether two secrets are equal. The time depends only on their lengths.
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |all, (one, other)| all | (one ^ other));
    one.len() == other.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_compare_byte_by_byte() {
        assert!(equal(b"", b"") && equal(b"secret", b"secret"));
        assert!(!equal(b"secret", b"secreT") && !equal(b"Secret", b"secret"));
        assert!(!equal(b"secret", b"secrets") && !equal(b"", b"s"));
    }
}
