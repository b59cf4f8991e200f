//! The blocks of each SIMD level that this processor has.

use proptest::prelude::*;
use salsa20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};

use super::*;

fn levels() -> Vec<Level> {
    let mut levels = vec![Level::baseline(), Level::new()];
    #[cfg(target_arch = "x86_64")]
    {
        levels.extend(Level::new().as_sse4_2().map(Level::Sse4_2));
        levels.extend(Level::new().as_avx2().map(Level::Avx2));
    }
    levels
}

fn fill(level: Level, key: &[u8; 32], position: impl Fn(usize) -> BlockPosition) -> Keystream {
    let mut blocks = [1; BLOCK * BLOCKS];
    Salsa20 { level, ..Salsa20::new(key) }.fill(&mut blocks, position);
    blocks
}

#[test]
fn salsa20_blocks_match_estream_vectors() {
    // Salsa20/20 with 256-bit keys, set 1, vector 0: bytes 0 to 63 and 192 to 255.
    let mut key = [0; 32];
    key[0] = 0x80;
    for level in levels() {
        let blocks =
            fill(level, &key, |index| BlockPosition { nonce: [0; 8], block: index as u64 });
        let hex: String = blocks.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(
            hex[..128],
            *"E3BE8FDD8BECA2E3EA8EF9475B29A6E7003951E1097A5C38D23B7A5FAD9F6844\
              B22C97559E2723C7CBBD3FE4FC8D9A0744652A83E72A9C461876AF4D7EF1A117",
            "{level:?}"
        );
        assert_eq!(
            hex[384..512],
            *"57BE81F47B17D9AE7C4FF15429A73E10ACF250ED3A90A93C711308A74C6216A9\
              ED84CD126DA7F28E8ABF8BB63517E1CA98E712F4FB2E1A6AED9FDC73291FAA17",
            "{level:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn salsa20_blocks_match_other_implementation(
        key in any::<[u8; 32]>(),
        nonces in any::<[[u8; 8]; BLOCKS]>(),
        // As far as that one goes.
        blocks_at in any::<[u32; BLOCKS]>().prop_map(|indexes| indexes.map(|index| index / 2)),
    ) {
        let mut expected = [0; BLOCK * BLOCKS];
        for (index, bytes) in expected.chunks_exact_mut(BLOCK).enumerate() {
            let mut oracle = salsa20::Salsa20::new(&key.into(), &nonces[index].into());
            oracle.seek(u64::from(blocks_at[index]) * BLOCK as u64);
            oracle.apply_keystream(bytes);
        }
        for level in levels() {
            let position = |index| BlockPosition { nonce: nonces[index], block: u64::from(blocks_at[index]) };
            prop_assert_eq!(fill(level, &key, position), expected, "{:?}", level);
        }
    }
}
