//! Databases: filled ones to start rounds from, empty ones for floors, and the PostgreSQL they are in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use lendport_testkit::postgres::Cluster;
use rusqlite::OpenFlags;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::process::Process;
use crate::sample::hex;
use crate::subject::{Database, Subject, short};
use crate::{Fault, say, seed};

/// From this size on a database may be shared by all rounds: what they add to it is little beside what is there, and copying it
/// would take longer than measuring.
const SHARED_FROM: u64 = 200_000;
/// A server with room for a million checkouts, and a disk it can trust: `fsync` stays on.
const SETTINGS: [&str; 3] = ["shared_buffers=1GB", "max_wal_size=8GB", "max_connections=300"];
/// The tables that have rows.
const WRITTEN: &str = "SELECT string_agg(quote_ident(relname), ', ') FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0";
/// Where a filled database and the ids of some of its checkouts are, below its folder.
const FILE: &str = "lendport.db";
const IDS: &str = "ids";

/// All databases of a run.
pub(crate) struct Stock {
    /// Where a run's files are; deleted with it.
    folder: TempDir,
    /// Where filled files are; kept when the command line names it.
    seeds: PathBuf,
    cluster: Option<Cluster>,
    ids: BTreeMap<(Database, u64), Vec<String>>,
    places: AtomicU64,
}

/// Whether a server may leave things in a database that others go on with: checkouts may stay, endpoints may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    Allowed,
    Refused,
}

/// Where one server keeps its data.
pub(crate) struct Place {
    /// As in `storage.url`.
    pub(crate) url: String,
    /// The database server's process, where there is one.
    pub(crate) server: Option<Process>,
    /// The file's folder.
    file: Option<PathBuf>,
    /// The database's name.
    name: Option<String>,
    shared: bool,
}

impl Stock {
    /// Room in `folder`, or among the system's temporary files; a PostgreSQL when one is needed.
    pub(crate) fn new(folder: Option<&Path>, kept: Option<&Path>, with_postgres: bool) -> Result<Self, Fault> {
        let folder = folder.map_or_else(tempfile::tempdir, tempfile::tempdir_in)?;
        let seeds = match kept {
            Some(kept) => kept.join(layout()?),
            None => folder.path().join("seeds"),
        };
        fs::create_dir_all(&seeds)?;
        let cluster = with_postgres.then(|| Cluster::start(&SETTINGS));
        Ok(Self { folder, seeds, cluster, ids: BTreeMap::new(), places: AtomicU64::new(0) })
    }

    /// The folder that databases lie in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Version of the PostgreSQL, where one runs.
    pub(crate) fn postgres_version(&self) -> Option<String> {
        self.cluster.as_ref().map(|cluster| cluster.psql("postgres", "SHOW server_version"))
    }

    /// Makes a filled database that rounds can start from.
    pub(crate) async fn fill(&mut self, database: Database, count: u64) -> Result<(), Fault> {
        let key = (database, count);
        if self.ids.contains_key(&key) {
            return Ok(());
        }
        let folder = self.seeds.join(format!("{}-{count}", database.word()));
        let listed = folder.join(IDS);
        let ids = match database {
            Database::Sqlite => {
                if let Ok(text) = fs::read_to_string(&listed) {
                    text.lines().map(str::to_owned).collect()
                } else {
                    say(&format!("storing {} checkouts in {}", short(count), database.name()));
                    // One that was filled by half has no list.
                    _ = fs::remove_dir_all(&folder);
                    fs::create_dir_all(&folder)?;
                    let ids = seed::fill(&format!("sqlite:{}", text_of(&folder.join(FILE))?), count).await?;
                    fs::write(&listed, ids.join("\n"))?;
                    ids
                }
            }
            Database::Postgres => {
                say(&format!("storing {} checkouts in {}", short(count), database.name()));
                let name = template(count);
                self.cluster()?.psql("postgres", &format!("CREATE DATABASE {name}"));
                let ids = seed::fill(&self.cluster()?.url(&name), count).await?;
                // As in a database that has been used: no server counts a table before something was written to it,
                // and one that was counted while it was empty is read as a whole until it is counted again.
                let written = self.cluster()?.psql(&name, WRITTEN);
                self.cluster()?.psql(&name, &format!("VACUUM ANALYZE {written}"));
                ids
            }
        };
        self.ids.insert(key, ids);
        Ok(())
    }

    /// Ids of some of the checkouts that this server starts with.
    pub(crate) fn ids(&self, subject: Subject) -> &[String] {
        let key = subject.database().zip(subject.stored());
        key.and_then(|key| self.ids.get(&key)).map_or(&[], Vec::as_slice)
    }

    /// A database for this server: a copy of the filled one, or an empty one for a floor. Where sharing is allowed, all
    /// servers of a large size get the same.
    pub(crate) fn place(&self, subject: Subject, sharing: Sharing) -> Result<Option<Place>, Fault> {
        let Some(database) = subject.database() else { return Ok(None) };
        let number = self.places.fetch_add(1, Ordering::Relaxed);
        let large = subject.stored().is_some_and(|stored| stored >= SHARED_FROM);
        let shared = large && sharing == Sharing::Allowed;
        match database {
            Database::Sqlite => self.file_place(subject.stored(), number, shared),
            Database::Postgres => self.server_place(subject.stored(), number, shared),
        }
        .map(Some)
    }

    fn file_place(&self, stored: Option<u64>, number: u64, shared: bool) -> Result<Place, Fault> {
        let name = stored.filter(|_| shared).map_or(format!("place-{number}"), |stored| format!("shared-{stored}"));
        let folder = self.folder.path().join(name);
        let file = folder.join(FILE);
        if !file.exists() {
            fs::create_dir_all(&folder)?;
            if let Some(stored) = stored {
                fs::copy(self.seeds.join(format!("{}-{stored}", Database::Sqlite.word())).join(FILE), &file)?;
            }
        }
        Ok(Place { url: format!("sqlite:{}", text_of(&file)?), server: None, file: Some(folder), name: None, shared })
    }

    fn server_place(&self, stored: Option<u64>, number: u64, shared: bool) -> Result<Place, Fault> {
        let cluster = self.cluster()?;
        let name = match stored {
            // It is its own template from now on; nobody else copies it.
            Some(stored) if shared => template(stored),
            _ => format!("place_{number}"),
        };
        if !shared {
            let from = stored.map_or_else(|| "template1".to_owned(), template);
            cluster.psql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {from} STRATEGY file_copy"));
        }
        // What others left to be written down is not this server's doing.
        cluster.psql("postgres", "CHECKPOINT");
        let postmaster = cluster.psql("postgres", "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)");
        let server = Some(Process(postmaster.parse()?));
        Ok(Place { url: cluster.url(&name), server, file: None, name: Some(name), shared })
    }

    /// Bytes of a database whose server is stopped.
    pub(crate) fn bytes(&self, place: &Place) -> Result<u64, Fault> {
        if let Some(name) = &place.name {
            return Ok(self.cluster()?.psql(name, "SELECT pg_database_size(current_database())").parse()?);
        }
        let Some(folder) = &place.file else { return Ok(0) };
        let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len()));
        files.sum::<std::io::Result<u64>>().map_err(Fault::from)
    }

    /// Bytes of each table of a database whose server is stopped, its indexes included, by name.
    pub(crate) fn tables(&self, place: &Place) -> Result<BTreeMap<String, u64>, Fault> {
        if let Some(name) = &place.name {
            let sql = "SELECT relname, pg_total_relation_size(oid) FROM pg_class \
                       WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
            let listed = self.cluster()?.psql(name, sql);
            let read = |line: &str| -> Option<(String, u64)> {
                let (name, bytes) = line.split_once('|')?;
                Some((name.to_owned(), bytes.parse().ok()?))
            };
            return Ok(listed.lines().filter_map(read).collect());
        }
        let Some(folder) = &place.file else { return Ok(BTreeMap::new()) };
        let db = rusqlite::Connection::open_with_flags(folder.join(FILE), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let sql = "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) GROUP BY 1";
        let mut statement = db.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
        let read = |row: rusqlite::Result<(String, i64)>| {
            let (name, bytes) = row?;
            Ok((name, u64::try_from(bytes)?))
        };
        rows.map(read).collect()
    }

    /// Deletes a database whose server is stopped, unless other rounds go on with it.
    pub(crate) fn remove(&self, place: Place) -> Result<(), Fault> {
        if place.shared {
            return Ok(());
        }
        if let Some(name) = &place.name {
            self.cluster()?.psql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
        place.file.map_or(Ok(()), |folder| Ok(fs::remove_dir_all(folder)?))
    }

    fn cluster(&self) -> Result<&Cluster, Fault> {
        self.cluster.as_ref().ok_or_else(|| "no PostgreSQL was started".into())
    }
}

fn template(count: u64) -> String {
    format!("seed_{count}")
}

/// A path as text.
fn text_of(path: &Path) -> Result<&str, Fault> {
    path.to_str().ok_or_else(|| "the folder's name is not UTF-8".into())
}

/// Told apart by this, kept databases of other versions are left alone: a digest of all migrations and of what fills them.
fn layout() -> Result<String, Fault> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/storage/src/sqlite/migrations");
    let mut files: Vec<PathBuf> = fs::read_dir(root)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    let mut hash = Sha256::new_with_prefix(include_str!("seed.rs"));
    for file in files {
        hash.update(fs::read(file)?);
    }
    Ok(hex(&hash.finalize()).chars().take(12).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_filled_file_is_copied_and_kept_for_the_next_run() {
        let kept = tempfile::tempdir().unwrap();
        let subject = Subject::Gateway(Database::Sqlite, 8);
        let mut ids = Vec::new();
        for _ in 0..2 {
            let mut stock = Stock::new(None, Some(kept.path()), false).unwrap();
            stock.fill(Database::Sqlite, 8).await.unwrap();
            ids.push(stock.ids(subject).to_vec());
            let place = stock.place(subject, Sharing::Refused).unwrap().unwrap();
            let file = PathBuf::from(place.url.trim_start_matches("sqlite:"));
            let tables = stock.tables(&place).unwrap();
            assert!(tables["checkouts"] > 0 && tables.values().sum::<u64>() <= stock.bytes(&place).unwrap());
            stock.remove(place).unwrap();
            assert!(!file.exists());
        }
        assert_eq!(ids[0].len(), 8);
        assert_eq!(ids[0], ids[1], "filled anew although it was there");
    }
}
