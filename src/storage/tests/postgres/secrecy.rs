//! What a stolen copy of the database, or the server's log, does not tell.

use lendport_testkit::postgres::Cluster;
use lendport_testkit::storage_suite::World;

use super::{fresh, open, telling};

#[tokio::test(flavor = "multi_thread")]
async fn the_database_tells_nothing_about_anybody() {
    let (name, settings) = fresh();
    let world = World::new(open(&settings).await).await;
    let id = telling::happens(&world).await;

    let dump = Cluster::shared().dump(&name);
    assert!(dump.len() > 10_000 && String::from_utf8_lossy(&dump).contains(&id.uuid().to_string()));
    for (place, text) in [("database", dump), ("log", Cluster::shared().log().into_bytes())] {
        let text = text.to_ascii_lowercase();
        for word in telling::TELLING {
            // Bytes are dumped as hexadecimal digits.
            let digits: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
            for form in [word.to_ascii_lowercase(), digits] {
                let found = text.windows(form.len()).any(|at| at == form.as_bytes());
                assert!(!found, "{word} stands in the {place}");
            }
        }
    }
    assert!(telling::is_there(&world, id).await, "what was searched for");
}
