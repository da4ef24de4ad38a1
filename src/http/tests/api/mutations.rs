//! A valid body, damaged at random: always an answer, never a 500, and a success only with the sum we know.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::world::{World, sample};

#[derive(Clone, Debug)]
enum Damage {
    Cut(usize),
    Replace(usize, u8),
    Insert(usize, Vec<u8>),
    Repeat(usize, usize),
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let piece = prop_oneof![
        Just(b"null".to_vec()),
        Just(b"1e400".to_vec()),
        Just(b"-".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"{}".to_vec()),
        Just(b"[[[[[[[[[[[[[[[[[[[[".to_vec()),
        Just(b"\\ud800".to_vec()),
        Just("🦊".as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 1..8),
    ];
    let damage = prop_oneof![
        (0..900_usize).prop_map(Damage::Cut),
        (0..900_usize, any::<u8>()).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        (0..900_usize, piece).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        (0..900_usize, 1..200_usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
    ];
    proptest::collection::vec(damage, 1..4)
}

fn damaged(damages: &[Damage]) -> Vec<u8> {
    let mut body = sample().to_string().into_bytes();
    for damage in damages {
        match damage {
            Damage::Cut(at) => body.truncate(*at),
            Damage::Replace(at, byte) => body.iter_mut().skip(*at).take(1).for_each(|there| *there = *byte),
            Damage::Insert(at, piece) => {
                let at = (*at).min(body.len());
                body.splice(at..at, piece.iter().copied());
            }
            Damage::Repeat(at, length) => {
                let piece: Vec<_> = body.iter().skip(*at).take(*length).copied().collect();
                let at = (*at).min(body.len());
                body.splice(at..at, piece);
            }
        }
    }
    body
}

#[test]
fn damaged_bodies_are_always_answered() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() });
    let count = std::cell::Cell::new(0);
    let judged = runner.run(&damages(), |damages| {
        count.set(count.get() + 1);
        let body = damaged(&damages);
        let answer = runtime.block_on(world.post("/v1/checkouts", &format!("key {}", count.get()), body));
        let status = answer.status.as_u16();
        prop_assert!(matches!(status, 201 | 400 | 422), "{status}: {}", answer.text);
        if status != 201 {
            answer.problem();
        }
        Ok(())
    });
    if let Err(error) = judged {
        panic!("{error}");
    }
}
