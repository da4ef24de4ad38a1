//! Plays a cassette: interactions in order, each exactly once.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::content::Content;
use super::error::CassetteError;
use super::format::{Fault, File, StoredAnswerOrPush, StoredInteraction};
use super::matching::{Actual, compare};
use super::near_miss::{Candidate, report};
use super::origin::Origin;
use super::pointer::PointerPattern;
use super::push::PushSample;
use super::token::Bindings;
use crate::answer::Answer;
use crate::call_error::{CallError, CallErrorKind};
use crate::request::Request;

/// A loaded cassette. Clones share its progress, so keep one to call [`Cassette::finish`].
#[derive(Clone)]
pub struct Cassette {
    tape: Arc<Tape>,
}

struct Tape {
    file: File,
    volatile: Vec<PointerPattern>,
    pushes: Vec<PushSample>,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    used: usize,
    bindings: Bindings,
    reports: Vec<String>,
}

impl Cassette {
    /// Reads a file. Unknown keys and missing provenance are errors.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CassetteError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| CassetteError::Read { path: path.to_path_buf(), source })?;
        Self::parse(&path.display().to_string(), &bytes)
    }

    /// Reads the text of a file; `name` stands in error messages.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, CassetteError> {
        let wrong = |reason| CassetteError::Format { name: name.to_owned(), reason };
        let file = File::parse(bytes).map_err(wrong)?;
        let volatile = file.volatile().map_err(wrong)?;
        let pushes = file.pushes.iter().map(PushSample::read).collect::<Result<_, _>>().map_err(wrong)?;
        Ok(Self { tape: Arc::new(Tape { file, volatile, pushes, progress: Mutex::default() }) })
    }

    /// The scenario's name.
    pub fn scenario(&self) -> &str {
        &self.tape.file.scenario
    }

    /// The provider it belongs to.
    pub fn provider(&self) -> &str {
        &self.tape.file.provider
    }

    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.tape.file.origin
    }

    /// How many calls it holds.
    pub fn interactions(&self) -> usize {
        self.tape.file.interactions.len()
    }

    /// The provider's pushes, in the order of the file.
    pub fn pushes(&self) -> &[PushSample] {
        &self.tape.pushes
    }

    /// An error when an interaction was not used, or when a request came that the file does not hold.
    pub fn finish(&self) -> Result<(), CassetteError> {
        let progress = self.progress();
        let name = self.scenario().to_owned();
        if !progress.reports.is_empty() {
            return Err(CassetteError::Mismatch { name, reports: progress.reports.clone() });
        }
        let unused = self.tape.file.interactions.iter().enumerate().skip(progress.used);
        let unused: Vec<_> = unused.map(|(place, stored)| format!("{} {}", place + 1, title(stored))).collect();
        if unused.is_empty() { Ok(()) } else { Err(CassetteError::Unused { name, unused }) }
    }

    /// Answers the next request, or fails it with a near-miss report.
    pub(crate) fn answer(&self, request: &Request) -> Result<Answer, CallError> {
        let actual = Actual::of(request);
        let mut progress = self.progress();
        let Tape { file, volatile, .. } = &*self.tape;
        if let Some(stored) = file.interactions.get(progress.used) {
            let (differences, bindings) = compare(&stored.request, &actual, volatile, &progress.bindings);
            if differences.is_empty() {
                progress.used += 1;
                progress.bindings = bindings;
                return play(stored, &progress.bindings);
            }
        }
        let candidates = file.interactions.iter().enumerate().map(|(place, stored)| Candidate {
            number: place + 1,
            used: place < progress.used,
            title: title(stored),
            differences: compare(&stored.request, &actual, volatile, &progress.bindings).0,
        });
        let candidates: Vec<_> = candidates.collect();
        let text = report(&file.scenario, &format!("{} {}", actual.method, actual.path), &candidates);
        progress.reports.push(text.clone());
        Err(CallError::new(CallErrorKind::Playback(text)))
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.tape.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cassette({}, used {} of {})", self.scenario(), self.progress().used, self.interactions())
    }
}

fn title(stored: &StoredInteraction) -> String {
    format!("{} {}", stored.request.method, stored.request.path)
}

fn play(stored: &StoredInteraction, bindings: &Bindings) -> Result<Answer, CallError> {
    let failed = |kind| Err(CallError::new(kind));
    match (&stored.response, stored.fault) {
        (_, Some(Fault::Connect)) => failed(CallErrorKind::Connect),
        (_, Some(Fault::Timeout)) => failed(CallErrorKind::Timeout { sent: true }),
        (_, Some(Fault::Reset)) | (None, None) => failed(CallErrorKind::Reset),
        (Some(answer), None) => match respond(answer, bindings) {
            Ok(answer) => Ok(answer),
            Err(reason) => failed(CallErrorKind::Playback(reason)),
        },
    }
}

fn respond(stored: &StoredAnswerOrPush, bindings: &Bindings) -> Result<Answer, String> {
    let content = match stored.content()? {
        Content::Json(json) => Content::Json(bindings.fill(&json)),
        Content::Form(json) => Content::Form(bindings.fill(&json)),
        other => other,
    };
    Ok(Answer::new(stored.status.unwrap_or(200), stored.full_headers(&content), content.to_wire()))
}
