//! A line that nobody reads along, to a server that proves who it is. Authorities and certificates are made up here.

use lendport_storage::postgres::PostgresStore;
use lendport_testkit::postgres::Cluster;
use lendport_testkit::storage_suite::World;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tempfile::NamedTempFile;

use super::{open, settings, vault, write};

/// Somebody whose word counts for whoever has the file with his certificate.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// Certificate and key of a server with this name, in PEM.
    fn sign(&self, name: &str) -> [String; 2] {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        [certificate.pem(), key.serialize_pem()]
    }

    fn path(&self) -> &str {
        self.file.path().to_str().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_proves_who_it_is_and_whoever_cannot_is_not_spoken_to() {
    let (ours, another) = (Authority::new("ours"), Authority::new("another"));
    let [certificate, key] = ours.sign("localhost");
    let files = [("server.pem", certificate.as_str()), ("server.key", key.as_str())];
    let cluster =
        Cluster::start_with(&["fsync=off", "ssl=on", "ssl_cert_file=server.pem", "ssl_key_file=server.key"], &files);
    let database = cluster.create_database();
    let address =
        |host: &str, query: &str| cluster.url(&database).replace("127.0.0.1", host).replace("sslmode=disable", query);
    let full = |ca: &Authority| format!("sslmode=verify-full&sslrootcert={}", ca.path());

    let world = World::new(open(&settings(&address("localhost", &full(&ours)))).await).await;
    let id = write(&world).await.unwrap();
    assert_eq!(world.read(id).await.checkout.version, 1);
    // Its line to other processes is one of them.
    let lines = "SELECT count(*) > 1 AND bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                 WHERE a.datname = current_database() AND pid <> pg_backend_pid()";
    super::until("all lines are there", || async { cluster.psql(&database, lines) == "t" }).await;
    world.store.close().await;

    for (host, query, why) in [
        ("localhost", full(&another), "UnknownIssuer"),
        // The certificate is for another name.
        ("127.0.0.1", full(&ours), "not valid for name"),
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
