//! Records calls and pushes, redacts them, and writes the file unless a secret is in it.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lendport_core::Secret;

use super::content::Content;
use super::error::RecordError;
use super::format::{Fault, File, StoredAnswerOrPush, StoredInteraction, StoredRequest};
use super::leak;
use super::origin::Origin;
use super::redact::{RedactionPolicy, Redactor};
use crate::answer::Answer;
use crate::call_error::{CallError, CallErrorKind};
use crate::json::Json;
use crate::request::Request;

/// Takes notes for one cassette. Clones share them, so keep one to call [`Recorder::finish`].
#[derive(Clone)]
pub struct Recorder {
    deck: Arc<Deck>,
}

struct Deck {
    path: PathBuf,
    redactor: Redactor,
    notes: Mutex<Notes>,
}

struct Notes {
    file: File,
    secrets: Vec<Secret<String>>,
    unrecordable: Option<&'static str>,
}

impl Recorder {
    /// Starts a recording of one scenario. `secrets` must not occur in the file in any spelling; credentials seen in
    /// the requests themselves are added to them.
    pub fn new(
        path: impl Into<PathBuf>,
        provider: &str,
        scenario: &str,
        origin: Origin,
        allow: RedactionPolicy,
        secrets: Vec<Secret<String>>,
    ) -> Result<Self, RecordError> {
        if provider.trim().is_empty() || scenario.trim().is_empty() {
            return Err(RecordError::Format("provider and scenario must not be empty".to_owned()));
        }
        origin.check().map_err(RecordError::Format)?;
        let redactor = Redactor::new(fresh_key()?, allow).map_err(RecordError::Format)?;
        let file = File {
            scenario: scenario.to_owned(),
            provider: provider.to_owned(),
            origin,
            volatile: Vec::new(),
            interactions: Vec::new(),
            pushes: Vec::new(),
        };
        let notes = Mutex::new(Notes { file, secrets, unrecordable: None });
        Ok(Self { deck: Arc::new(Deck { path: path.into(), redactor, notes }) })
    }

    /// Notes a push that reached us.
    pub fn push(&self, headers: &[(String, String)], body: &[u8]) {
        let content_type = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let content = Content::from_wire(content_type.map(|(_, value)| value.as_str()), body);
        let redactor = &self.deck.redactor;
        let headers = redactor.headers(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let stored = StoredAnswerOrPush::new(None, headers, redactor.content(content));
        self.notes().file.pushes.push(stored);
    }

    /// Notes one call.
    pub(crate) fn note(&self, request: &Request, outcome: &Result<Answer, CallError>) {
        let (response, fault) = match outcome {
            Ok(answer) => (Some(self.answer(answer)), None),
            Err(CallError { kind: CallErrorKind::Connect, .. }) => (None, Some(Fault::Connect)),
            Err(CallError { kind: CallErrorKind::Timeout { .. }, .. }) => (None, Some(Fault::Timeout)),
            Err(CallError { kind: CallErrorKind::Reset, .. }) => (None, Some(Fault::Reset)),
            Err(other) => {
                self.notes().unrecordable = Some(other.word());
                return;
            }
        };
        let request_note = self.request(request);
        let mut notes = self.notes();
        notes.secrets.extend(
            request
                .headers
                .iter()
                .filter(|(_, value)| value.is_secret())
                .flat_map(|(_, value)| credentials(value.expose())),
        );
        notes.file.interactions.push(StoredInteraction { request: request_note, response, fault });
    }

    /// Writes the file: pretty JSON, put in place in one step. Nothing is written when a secret occurs in it.
    pub fn finish(&self) -> Result<(), RecordError> {
        let notes = self.notes();
        if let Some(word) = notes.unrecordable {
            return Err(RecordError::NotRecordable(word));
        }
        if notes.file.interactions.is_empty() && notes.file.pushes.is_empty() {
            return Err(RecordError::Empty);
        }
        notes.file.check().map_err(RecordError::Format)?;
        let rendered = render(&notes.file).map_err(RecordError::Format)?;
        let tree = Json::parse(rendered.as_bytes()).map_err(RecordError::Format)?;
        if let Some((number, at)) = leak::find(&tree, &rendered, &notes.secrets) {
            return Err(RecordError::SecretInside { number, at });
        }
        write_in_one_step(&self.deck.path, rendered.as_bytes())
            .map_err(|source| RecordError::Write { path: self.deck.path.clone(), source })
    }

    fn request(&self, request: &Request) -> StoredRequest {
        let redactor = &self.deck.redactor;
        let open = request.headers.iter().filter(|(_, value)| !value.is_secret());
        let content = Content::from_wire(request.body.content_type(), request.body.bytes());
        StoredRequest {
            method: request.method.to_string(),
            path: request.url.path().to_owned(),
            query: request.url.query().map(|query| redactor.query(query)).filter(|query| !query.is_empty()),
            headers: redactor.headers(open.map(|(name, value)| (*name, value.expose()))),
            body: redactor.content(content).to_stored(),
        }
    }

    fn answer(&self, answer: &Answer) -> StoredAnswerOrPush {
        let redactor = &self.deck.redactor;
        let content = Content::from_wire(answer.content_type.as_deref(), &answer.body);
        let headers = answer.headers().iter().map(|(name, value)| (name.as_str(), value.as_str()));
        StoredAnswerOrPush::new(Some(answer.status), redactor.headers(headers), redactor.content(content))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.deck.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorder({})", self.deck.path.display())
    }
}

/// What must not be seen of a header's value: all of it, the part after its scheme, and the password of a Basic pair.
fn credentials(value: &str) -> Vec<Secret<String>> {
    let mut found = vec![Secret::from(value)];
    if let Some((scheme, rest)) = value.split_once(' ') {
        found.push(Secret::from(rest));
        let pair = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        if let (true, Some((_, password))) =
            (scheme.eq_ignore_ascii_case("basic"), pair.as_deref().and_then(|pair| pair.split_once(':')))
        {
            found.push(Secret::from(password));
        }
    }
    found
}

/// A key of its own for each recording, so that equal values show as equal within one file and nowhere else.
#[expect(clippy::disallowed_methods, reason = "the one place that makes redaction keys; it has no effect on behaviour")]
fn fresh_key() -> Result<[u8; 32], RecordError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|_| RecordError::NoRandomness)?;
    Ok(key)
}

fn render(file: &File) -> Result<String, String> {
    let mut text = serde_json::to_string_pretty(file).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}

/// Writes beside the target and renames, so that a reader sees the old file or the new one.
fn write_in_one_step(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let mut partial = name.to_os_string();
    partial.push(".partial");
    let partial = path.with_file_name(partial);
    let written = fs::File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let outcome = written.and_then(|()| fs::rename(&partial, path));
    if outcome.is_err() {
        // The first error is the one to tell; a leftover that cannot be removed adds nothing.
        let _ = fs::remove_file(&partial);
    }
    outcome
}
