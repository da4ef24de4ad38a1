//! What sealing costs, beside the way it was done before there were data keys. Run it by hand, with optimisations:
//! `cargo test --release -p lendport-storage --test vault_speed -- --ignored --nocapture`

#![expect(clippy::unwrap_used, reason = "tests")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use lendport_core::Secret;
use lendport_storage::vault::Place;
use lendport_storage::{SqliteStore, Vault, sqlite::SqliteSettings};

const PLACE: Place<'static> = Place { table: "checkouts", column: "personal", row: "chk_01jz0000000000000000000000" };
const TURNS: u32 = 40_000;
/// Both by turns, and the best of so many: whatever else the machine does only makes one slower.
const ROUNDS: u32 = 15;

/// As it was: one key, the text sealed apart and copied behind its nonce.
fn seal_as_before(cipher: &XChaCha20Poly1305, nonce: [u8; 24], plain: &[u8]) -> Vec<u8> {
    let place = format!("{}/{}/{}", PLACE.table, PLACE.column, PLACE.row).into_bytes();
    let text = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &place }).unwrap();
    let mut sealed = Vec::with_capacity(25 + text.len());
    sealed.push(1);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&text);
    sealed
}

fn time(mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..TURNS {
        work();
    }
    start.elapsed() / TURNS
}

#[test]
#[ignore = "prints numbers"]
fn sealing_costs_no_more_than_before() {
    let folder = tempfile::tempdir().unwrap();
    let with_ring = Vault::new(Secret::new([1; 32]));
    let with_data_key = Vault::new(Secret::new([1; 32]));
    drop(SqliteStore::open(&SqliteSettings::new(folder.path().join("speed.db")), with_data_key.clone()).unwrap());
    let cipher = XChaCha20Poly1305::new(&[1; 32].into());
    let mut nonces = 0_u64;
    for bytes in [100, 400, 1_500, 6_000] {
        let plain = vec![7; bytes];
        let (old, new) = (with_ring.seal(PLACE, &plain).unwrap(), with_data_key.seal(PLACE, &plain).unwrap());
        assert_eq!((old.len() + 4, old.first(), new.first()), (new.len(), Some(&1), Some(&2)));
        let mut best = [Duration::MAX; 4];
        for _ in 0..ROUNDS {
            let took = [
                time(|| {
                    // A nonce cost a sixty-fourth of a call to the system; here it costs nothing.
                    nonces += 1;
                    let mut nonce = [0; 24];
                    nonce.iter_mut().zip(nonces.to_le_bytes()).for_each(|(to, from)| *to = from);
                    drop(black_box(seal_as_before(&cipher, nonce, black_box(&plain))));
                }),
                time(|| drop(black_box(with_data_key.seal(PLACE, black_box(&plain)).unwrap()))),
                time(|| drop(black_box(with_ring.open(PLACE, black_box(&old)).unwrap()))),
                time(|| drop(black_box(with_data_key.open(PLACE, black_box(&new)).unwrap()))),
            ];
            best.iter_mut().zip(took).for_each(|(best, took)| *best = took.min(*best));
        }
        let [seal_old, seal_new, open_old, open_new] = best.map(|took| took.as_nanos());
        println!("{bytes} bytes: seal {seal_old} ns before, {seal_new} ns now; open {open_old} ns, {open_new} ns now");
    }
}
