//! Puts together what is known of the keys, for either database.

use jiff::Timestamp;

use crate::data_keys::DataKeyId;
use crate::key_ring::{KeyRing, RingKeyId};
use crate::keys::{DataKeyReport, KeyReport, RingKeyReport, SealedWith};
use crate::seal::{FORMAT_1, FORMAT_2};

/// A key of the ring that some program came with.
pub(crate) struct RingRow {
    pub(crate) id: RingKeyId,
    pub(crate) first_seen: Timestamp,
}

/// The report. `data` holds the root too; `rows` is the key of the ring that rows of the first format are sealed with.
pub(crate) fn ring_report(
    ring: &KeyRing,
    seen: Vec<RingRow>,
    mut data: Vec<DataKeyReport>,
    rows: Option<RingKeyId>,
    now: Timestamp,
) -> KeyReport {
    let mut ids = ring.ids();
    let configured = ids.len();
    let others = data.iter().map(|key| &key.ring_key).chain(&rows).cloned().collect::<Vec<_>>();
    for id in others {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let ring = ids.into_iter().enumerate().map(|(at, id)| RingKeyReport {
        first_seen: seen.iter().find(|row| row.id == id).map(|row| row.first_seen),
        configured: at < configured,
        newest: at == 0,
        keys: u64::try_from(data.iter().filter(|key| key.ring_key == id).count()).unwrap_or(u64::MAX),
        rows: rows.as_ref() == Some(&id),
        id,
    });
    let ring = ring.collect();
    data.retain(|key| key.id != DataKeyId::ROOT);
    let sealing = data.iter().filter(|key| key.active_from <= now).map(|key| key.id).max();
    for key in &mut data {
        key.sealing = Some(key.id) == sealing;
    }
    KeyReport { ring, data, now }
}

/// What sealed a value that begins so: a whole prefix, or the byte of the first format.
pub(crate) fn sealed_with(prefix: &[u8]) -> SealedWith {
    match prefix.split_first() {
        Some((&FORMAT_1, _)) => SealedWith::Ring,
        Some((&FORMAT_2, id)) => DataKeyId::split_off(id).map_or(SealedWith::Nothing, |(id, _)| SealedWith::Data(id)),
        _ => SealedWith::Nothing,
    }
}
