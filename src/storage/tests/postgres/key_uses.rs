//! When keys were last used, written by replicas that saw the same keys in use.

use jiff::SignedDuration;
use lendport_core::KeyId;
use lendport_storage::ApiKey;
use lendport_testkit::clock::START;
use lendport_testkit::postgres::Cluster;
use lendport_testkit::storage_suite::World;

use super::{fresh, open, psql, until};

/// Rows are locked by their ids, in whatever order the uses came: two who write at once never wait for each other.
#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_lock_keys_in_one_order() {
    let (name, settings) = fresh();
    let world = World::new(open(&settings).await).await;
    let mut keys = Vec::new();
    for number in 0..50 {
        let digest = format!("{number:064x}");
        keys.push(ApiKey::new(KeyId::mint(&world.ids), world.tenant, digest, "x", START));
        world.store.put_key(keys.last().unwrap()).await.unwrap();
    }
    keys.sort_by_key(|key| key.id);
    let (first, others) = keys.split_first().unwrap();
    let (other, line) = tokio_postgres::connect(&Cluster::shared().url(&name), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(line);
    let hold = format!("BEGIN; SELECT FROM api_keys WHERE id = '{}' FOR NO KEY UPDATE", first.id.uuid());
    other.batch_execute(&hold).await.unwrap();

    let used = START + SignedDuration::from_secs(5);
    let uses: Vec<_> = keys.iter().rev().map(|key| (key.id, used)).collect();
    let store = std::sync::Arc::clone(&world.store);
    let writing = tokio::spawn(async move { store.note_key_uses(&uses).await });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock' AND query LIKE '%last_used_at = n.at%' AND pid <> pg_backend_pid()";
    until("the writer waits for the first", || async { psql(&name, waits) == "1" }).await;
    let free = "SELECT count(*) FROM (SELECT FROM api_keys FOR NO KEY UPDATE SKIP LOCKED) free";
    assert_eq!(psql(&name, free), others.len().to_string(), "it has no other yet");
    other.batch_execute("COMMIT").await.unwrap();
    writing.await.unwrap().unwrap();
    for key in keys {
        let read = world.store.key(world.tenant, key.id).await.unwrap().unwrap();
        assert_eq!(read.last_used_at, Some(used));
    }
}
