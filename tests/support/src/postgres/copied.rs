//! What somebody has who copies the files of a server.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::Cluster;

impl Cluster {
    /// The file that the server writes its log to at this moment, by its name.
    pub fn write_ahead(&self, database: &str) -> String {
        self.psql(database, "SELECT pg_walfile_name(pg_current_wal_lsn())")
    }

    /// The bytes of a database as they are on the disk, and of the server's write-ahead log from this file on.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn files(&self, database: &str, since: &str) -> Vec<Vec<u8>> {
        self.psql(database, "CHECKPOINT");
        let own = self.psql(database, "SELECT oid FROM pg_database WHERE datname = current_database()");
        let rows = files_of(&self.data().join("base").join(own));
        // Names that come later are of files that wait to be written to once more.
        let newest = self.write_ahead(database);
        let written = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default();
            name >= OsStr::new(since) && name <= OsStr::new(&newest)
        };
        let log: Vec<_> = files_of(&self.data().join("pg_wal")).into_iter().filter(written).collect();
        assert!(!rows.is_empty() && !log.is_empty(), "there are files of both");
        // A file may be gone by now: the server takes old ones for new names.
        rows.into_iter().chain(log).filter_map(|path| fs::read(path).ok()).collect()
    }
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect()
}
