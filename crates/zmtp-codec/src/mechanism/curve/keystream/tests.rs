//! Compares keystreams generated in advance with single boxes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const PURPOSE: Purpose = Purpose::CLIENT_MESSAGE;

fn key() -> BoxKey {
    BoxKey::secret(Zeroizing::new([7; 32]))
}

fn record_key() -> RecordKey {
    RecordKey::new(key(), PURPOSE)
}

/// Seals and opens records of these sizes one after the other, and compares each with a box.
fn pass_records(first: u64, sizes: &[usize]) -> Result<(), TestCaseError> {
    let (mut sealer, mut opener) = (record_key(), record_key());
    for (number, &size) in (first..=u64::MAX).zip(sizes) {
        let mut bytes: Vec<u8> = (0..=u8::MAX).cycle().skip(size % 251).take(size).collect();
        let plain = bytes.clone();
        let expected = key().seal(&PURPOSE.nonce(number), &[&plain]);

        let tag = sealer.seal(number, &mut bytes);
        prop_assert_eq!((&tag[..], &bytes[..]), expected.split_at(TAG), "{} of {}", number, size);
        prop_assert!(opener.open(number, &mut bytes, &tag));
        prop_assert_eq!(&bytes, &plain);
    }
    Ok(())
}

#[test]
fn records_of_every_size_match_boxes() {
    let sizes: Vec<_> = (0..300).chain(950..1130).chain(SMALL - 70..SMALL + 70).collect();
    pass_records(3, &sizes).unwrap();
    for size in [1, 65, 200, 500, 1025, SMALL, SMALL + 1] {
        pass_records(3, &[size; 40]).unwrap();
    }
}

#[test]
fn record_numbers_reach_the_maximum() {
    pass_records(u64::MAX - 20, &[65; 40]).unwrap();
}

#[test]
fn changed_record_does_not_open() {
    let (mut sealer, mut opener) = (record_key(), record_key());
    for (number, size) in (1..).zip([1, 65, 65, 300, 1025, 65, 65]) {
        let plain = vec![9; size];
        let mut bytes = plain.clone();
        let tag = sealer.seal(number, &mut bytes);
        for at in [0, size / 2, size - 1] {
            bytes[at] ^= 1;
            let before = bytes.clone();
            assert!(!opener.open(number, &mut bytes, &tag));
            assert_eq!(bytes, before);
            bytes[at] ^= 1;
        }
        for at in 0..TAG {
            let mut tag = tag;
            tag[at] ^= 0x80;
            assert!(!opener.open(number, &mut bytes, &tag));
        }
        assert!(!opener.open(number + 1, &mut bytes, &tag), "another number");
        assert!(opener.open(number, &mut bytes, &tag));
        assert_eq!(bytes, plain);
    }
}

#[test]
fn debug_hides_the_record_key() {
    assert_eq!(format!("{:?}", record_key()), "RecordKey(..)");
}

proptest! {
    // Fewer than usual: without optimisation they take a while.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn record_sequences_match_boxes(
        first in any::<u64>(),
        sizes in vec(prop_oneof![1..100_usize, 1..1200_usize, 1..2500_usize], 1..40),
    ) {
        pass_records(first, &sizes)?;
    }
}
