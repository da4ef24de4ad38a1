//! A line that nobody reads along, to a server that proves who it is. The certificates are made up and expire in 2120.

use lendport_storage::postgres::PostgresStore;
use lendport_testkit::postgres::Cluster;
use lendport_testkit::storage_suite::World;

use super::{open, settings, vault, write};

const CERTIFICATE: &str = include_str!("certificates/server.pem");
const KEY: &str = include_str!("certificates/server.key");

fn signed_by(name: &str) -> String {
    format!("{}/tests/postgres/certificates/{name}.pem", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_proves_who_it_is_and_whoever_cannot_is_not_spoken_to() {
    let files = [("server.pem", CERTIFICATE), ("server.key", KEY)];
    let cluster =
        Cluster::start_with(&["fsync=off", "ssl=on", "ssl_cert_file=server.pem", "ssl_key_file=server.key"], &files);
    let database = cluster.create_database();
    let address =
        |host: &str, query: &str| cluster.url(&database).replace("127.0.0.1", host).replace("sslmode=disable", query);
    let full = |ca: &str| format!("sslmode=verify-full&sslrootcert={}", signed_by(ca));

    let world = World::new(open(&settings(&address("localhost", &full("ca")))).await).await;
    let id = write(&world).await.unwrap();
    assert_eq!(world.read(id).await.checkout.version, 1);
    // Its line to other processes is one of them.
    let lines = "SELECT count(*) > 1 AND bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                 WHERE a.datname = current_database() AND pid <> pg_backend_pid()";
    super::until("all lines are there", || async { cluster.psql(&database, lines) == "t" }).await;
    world.store.close().await;

    for (host, query, why) in [
        ("localhost", full("other-ca"), "UnknownIssuer"),
        // The certificate is for another name.
        ("127.0.0.1", full("ca"), "not valid for name"),
        // No authority of the system signed it.
        ("localhost", "sslmode=verify-full".to_owned(), "certificate"),
    ] {
        let refused = PostgresStore::open(&settings(&address(host, &query)), vault(1)).await.err().unwrap().to_string();
        assert!(refused.contains("certificate") && refused.contains(why), "{query}: {refused}");
    }
    // Encrypted, whoever answers: that is what it says.
    let anybody = open(&settings(&address("localhost", "sslmode=require"))).await;
    assert_eq!(anybody.store.ready().await, Ok(()));
}
