//! A copy of the database in the wrong hands, for whichever database.

use lendport_core::Secret;
use lendport_storage::vault::Place;
use lendport_storage::{StoreError, Vault};
use lendport_testkit::storage_suite::World;

use crate::rotation::{Site, again, by, ring};
use crate::telling;

/// What a copy of the database gives away: nothing, until one has the ring.
pub(crate) async fn a_copy_is_useless_without_the_ring(site: &dyn Site) {
    let (database, keys) = site.open(ring(&[171])).await.unwrap();
    let world = World::new(database).await;
    let id = telling::happens(&world).await;
    keys.new_data_key(by()).await.unwrap();
    let counts = keys.count().await.unwrap();
    for column in keys.columns() {
        let filled = counts.iter().any(|count| count.column == column && !count.values.is_empty());
        assert!(filled, "nothing is in {column}, and nothing is searched for");
    }
    let vault = Vault::new(Secret::new([171; 32]));
    let mut secrets = vec![vec![171; 16]];
    let wrapped = site.wrapped().await;
    for (id, wrapped) in &wrapped {
        let row = id.to_string();
        let key = vault.open(Place { table: "data_keys", column: "wrapped", row: &row }, wrapped).unwrap();
        assert_eq!(key.len(), 32);
        secrets.push(key.to_vec());
    }
    assert_eq!(wrapped.len(), 3, "the root and two data keys");
    secrets.extend(telling::TELLING.iter().map(|word| word.as_bytes().to_vec()));
    let mut searched = 0;
    let with_log = site.copied().await;
    world.store.close().await;
    for bytes in with_log.into_iter().chain(site.copied().await) {
        searched += bytes.len();
        if let Some(secret) = found(&bytes.to_ascii_lowercase(), &secrets) {
            panic!("{} stands in the copy", String::from_utf8_lossy(secret));
        }
    }
    assert!(searched > 20_000);
    let (database, _) = site.open(ring(&[171])).await.unwrap();
    let world = again(&world, database, 2);
    assert!(telling::is_there(&world, id).await, "what was searched for");
    world.store.close().await;
    assert!(matches!(site.open(ring(&[172])).await, Err(StoreError::WrongKey(_))));
}

/// A secret that stands in these bytes, as it is or in hexadecimal digits. Many megabytes are passed once.
fn found<'a>(bytes: &[u8], secrets: &'a [Vec<u8>]) -> Option<&'a [u8]> {
    let digits = |secret: &[u8]| secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
    let forms =
        secrets.iter().flat_map(|secret| [secret.to_ascii_lowercase(), digits(secret)].map(|form| (form, secret)));
    let forms: Vec<(Vec<u8>, &Vec<u8>)> = forms.collect();
    let mut begins = vec![false; 1 << 16];
    let number = |pair: &[u8]| usize::from(pair[0]) << 8 | usize::from(pair[1]);
    forms.iter().for_each(|(form, _)| begins[number(form)] = true);
    let here =
        |at: usize| forms.iter().find(|(form, _)| bytes[at..].starts_with(form)).map(|(_, secret)| secret.as_slice());
    bytes.windows(2).enumerate().filter(|(_, pair)| begins[number(pair)]).find_map(|(at, _)| here(at))
}

#[test]
fn what_stands_in_a_copy_is_found() {
    let secrets = [b"moa24phoph".to_vec(), vec![7, 171, 3]];
    for (bytes, what) in [
        (&b"a moa24phoPh"[..], Some(&secrets[0])),
        (b"6d6f61323470686f7068", Some(&secrets[0])),
        (&[1, 7, 171, 3], Some(&secrets[1])),
        (b"..07ab03", Some(&secrets[1])),
        (b"moa24phop", None),
        (&[7, 171], None),
        (b"", None),
    ] {
        assert_eq!(found(&bytes.to_ascii_lowercase(), &secrets), what.map(Vec::as_slice), "{bytes:?}");
    }
}
