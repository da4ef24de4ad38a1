//! What is done with the keys of a database, by the program that runs and by a person at the command line, who may do it
//! while the program runs.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lendport_core::{Actor, AuditAction, AuditEntry, Clock, IdSource};

use crate::data_keys::DataKeyId;
use crate::error::StoreError;
use crate::key_ring::RingKeyId;

/// Between a new data key and its first use. Every process reads the keys once a minute, so all know it by then. Where
/// rows are there already, a version that knows no data keys may be at work as well, and is replaced meanwhile.
pub const LEAD: SignedDuration = SignedDuration::from_mins(10);
/// How long a data key was out of use before it is deleted, where several processes may be at work: none of them holds a
/// row that it sealed so long ago and did not write yet.
pub const OUT_OF_USE: SignedDuration = SignedDuration::from_hours(24);

/// A key of the ring, as far as the database or the configuration knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingKeyReport {
    /// Its id.
    pub id: RingKeyId,
    /// When a program first came with it.
    pub first_seen: Option<Timestamp>,
    /// It stands in this configuration.
    pub configured: bool,
    /// It is the one that seals.
    pub newest: bool,
    /// Data keys that are sealed with it, and the root of derived keys.
    pub keys: u64,
    /// Rows of the first format are sealed with it, or may be.
    pub rows: bool,
}

/// A data key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKeyReport {
    /// Its number.
    pub id: DataKeyId,
    /// What it is sealed with.
    pub ring_key: RingKeyId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it comes, or came, into use.
    pub active_from: Timestamp,
    /// It seals rows now.
    pub sealing: bool,
}

/// The keys of a database. No row is looked at for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyReport {
    /// Keys of the ring, those of the configuration first.
    pub ring: Vec<RingKeyReport>,
    /// Data keys, by their numbers.
    pub data: Vec<DataKeyReport>,
    /// By the clock of the database.
    pub now: Timestamp,
}

impl KeyReport {
    /// What is old: the newest key of the ring, or the newest data key.
    pub fn too_old(&self, days: u32) -> Vec<String> {
        let age = |since: Timestamp| self.now.duration_since(since).as_hours() / 24;
        let old = |since: &Timestamp| age(*since) >= i64::from(days);
        let mut told = Vec::new();
        let newest = self.ring.iter().find(|key| key.newest).and_then(|key| Some((key, key.first_seen?)));
        if let Some((key, since)) = newest.filter(|(_, since)| old(since)) {
            told.push(format!(
                "encryption key {} has been in use for {} days: make a new one, keep this one in \
                 security.older_encryption_keys_file, and run `lendport vault rewrap`",
                key.id,
                age(since)
            ));
        }
        if let Some(key) = self.data.last().filter(|key| old(&key.created_at)) {
            told.push(format!(
                "data key {} is {} days old: run `lendport vault new-data-key`, and `lendport vault reencrypt` when the \
                 rows it sealed are to change too",
                key.id,
                age(key.created_at)
            ));
        }
        told
    }
}

/// What sealed a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SealedWith {
    /// A key of the ring: the first format.
    Ring,
    /// A data key.
    Data(DataKeyId),
    /// Nothing: the value was damaged.
    Nothing,
}

/// How many values of a column were sealed with which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnCount {
    /// Table and column.
    pub column: String,
    /// Values by what sealed them.
    pub values: Vec<(SealedWith, u64)>,
}

/// Values that a key sealed, over all columns.
pub fn values_of(counts: &[ColumnCount], key: SealedWith) -> u64 {
    let values = counts.iter().flat_map(|column| &column.values);
    values.filter(|(with, _)| *with == key).map(|(_, count)| count).sum()
}

/// What became of some rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values that are sealed with the key in use now.
    pub resealed: u64,
    /// Values that somebody else was writing, or wrote meanwhile.
    pub busy: u64,
    /// Values that do not open.
    pub unreadable: u64,
    /// Where to go on; none at the end of the table.
    pub next: Option<i64>,
}

/// The end of a run over all rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// What is sealed with which key now.
    pub counts: Vec<ColumnCount>,
    /// Data keys that were deleted, as no value needs them.
    pub dropped: Vec<DataKeyId>,
    /// No value of the first format is left, and the database says so: keys of the ring seal nothing but data keys.
    pub first_format_gone: bool,
}

/// Who works at the keys, for the audit log.
#[derive(Clone, Copy)]
pub struct Keeper<'a> {
    /// Who.
    pub actor: Actor,
    /// Where the entries' ids come from.
    pub ids: &'a dyn IdSource,
    /// When.
    pub clock: &'a dyn Clock,
}

impl Keeper<'_> {
    /// An entry that they did this.
    pub(crate) fn did(&self, action: AuditAction) -> AuditEntry {
        AuditEntry::of_gateway(self.ids, self.clock.now(), self.actor, action)
    }
}

/// The keys of one database. Every call does little at a time and may be made while any number of processes work.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Reads the data keys, so that this process knows new ones before they come into use.
    async fn reload(&self) -> Result<(), StoreError>;
    /// [`StoreError::WrongKey`] when the configured keys do not open the database. A database without keys fits any.
    async fn check(&self) -> Result<(), StoreError>;
    /// The keys, and how old they are.
    async fn report(&self) -> Result<KeyReport, StoreError>;
    /// What is sealed with which key. Reads all rows.
    async fn count(&self) -> Result<Vec<ColumnCount>, StoreError>;
    /// Makes a data key; says from when on it is used, by the clock of the database.
    async fn new_data_key(&self, by: Keeper<'_>) -> Result<(DataKeyId, Timestamp), StoreError>;
    /// Seals every data key with the newest key of the ring; says how many were not.
    async fn rewrap(&self, by: Keeper<'_>) -> Result<u64, StoreError>;
    /// Names of the sealed columns.
    fn columns(&self) -> Vec<String>;
    /// Seals some rows of a column anew that are not sealed with the data key in use, beginning at `from` (0 at first).
    async fn reseal_some(&self, column: usize, from: i64) -> Result<Resealed, StoreError>;
    /// Counts, and forgets what no value needs any more.
    async fn finish(&self, by: Keeper<'_>) -> Result<Finished, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_newest_is_told_to_be_old() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 1_000);
        let days_ago = |days: i64| now - SignedDuration::from_hours(24 * days);
        let ring = |id: &str, days: i64, newest| RingKeyReport {
            id: RingKeyId::stored(id.to_owned()),
            first_seen: Some(days_ago(days)),
            configured: true,
            newest,
            keys: 1,
            rows: false,
        };
        let data = |id, days| DataKeyReport {
            id: DataKeyId::new(id),
            ring_key: RingKeyId::stored("new".to_owned()),
            created_at: days_ago(days),
            active_from: days_ago(days),
            sealing: true,
        };
        let report = |ring_days, data_days| KeyReport {
            ring: vec![ring("new", ring_days, true), ring("old", 900, false)],
            data: vec![data(1, 900), data(2, data_days)],
            now,
        };
        assert_eq!(report(364, 364).too_old(365), Vec::<String>::new());
        let told = report(365, 400).too_old(365);
        assert!(told[0].contains("key new has been in use for 365 days"), "{told:?}");
        assert!(told.len() == 2 && told[1].contains("data key 2 is 400 days old"), "{told:?}");
    }
}
