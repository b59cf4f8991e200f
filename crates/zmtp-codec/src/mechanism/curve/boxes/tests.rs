//! The boxes against NaCl's own vectors, and against another implementation.

use crypto_box::aead::{AeadInPlace, generic_array::GenericArray};
use crypto_box::{PublicKey, SalsaBox, SecretKey};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal")).collect()
}

fn array<const N: usize>(hex: &str) -> [u8; N] {
    bytes(hex).try_into().expect("as many bytes as that")
}

/// "Cryptography in NaCl", section 10: Alice's secret and Bob's public key.
const ALICE: &str = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
const BOB: &str = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
const SHARED: &str = "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389";
const NONCE: &str = "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37";
const MESSAGE: &str = "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc\
    e5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7f\
    a1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040\
    e082f937763848645e0705";
const BOXED: &str = "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce\
    48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb8\
    63d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de\
    56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5";

#[test]
fn boxes_match_nacl_vectors() {
    let key = BoxKey::between(&array(BOB), &array(ALICE)).unwrap();
    assert_eq!(key.0[..], bytes(SHARED));
    let message = bytes(MESSAGE);
    let (front, back) = message.split_at(50);
    let sealed = key.seal(&array(NONCE), &[front, back]);
    assert_eq!(sealed, bytes(BOXED));
    assert_eq!(*key.open(&array(NONCE), &sealed).unwrap(), message);
}

#[test]
fn small_order_public_keys_are_rejected() {
    // The points of small order: https://cr.yp.to/ecdh.html#validate.
    for point in [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
        assert!(BoxKey::between(&array(point), &array(ALICE)).is_none(), "{point}");
    }
}

#[test]
fn changed_box_does_not_open() {
    let key = BoxKey::secret(Zeroizing::new([7; 32]));
    for size in [0, 1, 31, 32, 33, 64, 300] {
        let sealed = key.seal(&[1; 24], &[&vec![9; size]]);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(&[1; 24], &changed).is_none());
            let (tag, bytes) = changed.split_first_chunk_mut().unwrap();
            let before = bytes.to_vec();
            assert!(!key.open_in_place(&[1; 24], bytes, tag));
            assert_eq!(bytes, before);
        }
        assert!(key.open(&[2; 24], &sealed).is_none());
        assert!(key.open(&[1; 24], &sealed[1..]).is_none());
    }
    assert!(key.open(&[1; 24], &[0; 15]).is_none(), "not even a tag");
}

proptest! {
    // Fewer than usual: without optimisation they take a while.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn boxes_match_another_implementation(
        ours in any::<[u8; 32]>(),
        theirs in any::<[u8; 32]>(),
        nonce in any::<[u8; 24]>(),
        message in vec(any::<u8>(), 0..2000),
    ) {
        let their_secret = SecretKey::from(theirs);
        let oracle = SalsaBox::new(&their_secret.public_key(), &SecretKey::from(ours));
        let mut bytes = message.clone();
        let tag = oracle
            .encrypt_in_place_detached(GenericArray::from_slice(&nonce), b"", &mut bytes)
            .unwrap();
        let their_public = PublicKey::from(&their_secret);
        let key = BoxKey::between(their_public.as_bytes(), &ours).unwrap();
        let sealed = key.seal(&nonce, &[&message]);
        prop_assert_eq!(&sealed[..TAG], &tag[..]);
        prop_assert_eq!(&sealed[TAG..], &bytes);
        prop_assert_eq!(&*key.open(&nonce, &sealed).unwrap(), &message);
    }
}
