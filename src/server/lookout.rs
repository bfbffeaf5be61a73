//! Builds everything that looking at pictures takes: policy, audit log, classifier, and the queue
//! from the media plane.

use std::error::Error;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use tracing::{info, warn};

use super::{ServerError, rulebook};
use crate::classify::afterwards::{Afterwards, Afterword};
use crate::classify::listening::ListenError;
use crate::classify::remarks::Remarks;
use crate::classify::vendor::{ServiceSetError, ServiceSettings, ask_as_well};
use crate::classify::{Builtin, Judged, KnownList, Settings, StartError, look_here};
use crate::config::{ConfigError, Loaded};
use crate::control::{DeviceBook, Watch};
use crate::http::webhooks::{WebhookError, Webhooks};
use crate::moderation::{Desk, DeviceTokens};
use crate::store::{self, AuditLog, Cases, Keeping, KeptOut, Moderators, OpenError, Outside};
use crate::tap::{self, Rates, Tap};

/// Everything for looking at pictures; nothing, where nobody looks.
#[derive(Default)]
pub(super) struct Lookout {
    /// For the media plane.
    pub(super) tap: Option<Tap>,
    /// For the control task.
    pub(super) watch: Option<Watch>,
    /// For the moderators' console.
    pub(super) books: Option<DeskBooks>,
    /// To be closed at the end.
    pub(super) ledgers: Option<Ledgers>,
    /// Where a service says more of pictures later.
    pub(super) afterwards: Option<Afterwards>,
}

/// What is closed once nobody decides any more.
pub(super) struct Ledgers {
    audit: AuditLog,
    cases: Cases,
    kept_out: KeptOut,
    known: KnownList,
}

/// What the moderators' console works on.
pub(super) struct DeskBooks {
    /// Who may decide.
    pub(super) moderators: Moderators,
    /// Where decisions are written down.
    pub(super) audit: AuditLog,
    /// Who stays outside.
    pub(super) kept_out: KeptOut,
    /// What waits for a decision.
    pub(super) cases: Cases,
}

impl Ledgers {
    /// Has the list of known pictures read again; a wrong one changes nothing.
    pub(super) fn read_known_again(&self, loaded: &Loaded) {
        let settings = Settings::from(&loaded.config);
        match self.known.read(settings.hash_list.as_deref()) {
            Ok(hashes) => info!(hashes, "the list of known pictures is read again"),
            Err(error) => warn!("known pictures stay as they were: {}", within_reach(&error)),
        }
    }

    /// Waits until everything is on disk.
    pub(super) fn close(self) {
        self.audit.close();
        self.cases.close();
        self.kept_out.close();
    }
}

/// Everything for looking at pictures; none, where the configuration says that nobody looks.
///
/// # Errors
/// A wrong policy, a folder that cannot be written, a file that is not there: what the
/// configuration got wrong.
pub(super) fn build(loaded: &Loaded) -> Result<Lookout, ServerError> {
    let config = &loaded.config.moderation;
    if !config.enabled {
        info!("moderation is off: pictures reach strangers unseen");
        return Ok(Lookout::default());
    }
    let policy = rulebook::load(loaded)?;
    let audit = AuditLog::open(&loaded.config.store.folder)
        .map_err(|error| loaded.wrong("store.folder", within_reach(&error)))?;
    let settings = Settings::from(&loaded.config);
    let (classifier, judged) =
        Builtin::start(&settings).map_err(|error| wrong_files(loaded, &error))?;
    let asked = asked(loaded, judged)?;
    let known = classifier.known_list();
    let (sender, frames) = tap::queue();
    let mut desk = Desk::new(policy, config, rand::random());
    let devices = devices(loaded, &mut desk)?;
    let rates = Rates {
        first_every: Duration::from_millis(config.first_every_ms),
        then_every: Duration::from_millis(config.steady_every_ms),
        ..Rates::default()
    };
    let folder = &loaded.config.store.folder;
    let keeping = Keeping {
        conduct: days(loaded.config.cases.keep_days),
        child_safety: days(loaded.config.cases.keep_child_safety_days),
    };
    let cases = Cases::open(folder, keeping)
        .map_err(|error| loaded.wrong("store.folder", within_reach(&error)))?;
    let remarks = Remarks::parse(&config.chat_patterns).map_err(|error| {
        loaded.wrong(
            "moderation.chat_patterns",
            format!("right patterns: {error}"),
        )
    })?;
    let watch = Watch {
        remarks,
        desk,
        devices,
        frames,
        classifier: Box::new(classifier),
        judged: asked.judged,
        afterwords: asked.afterwords,
        audit: audit.clone(),
        cases: cases.clone(),
    };
    let books = DeskBooks {
        moderators: Moderators::open(folder)
            .map_err(|error| loaded.wrong("store.folder", within_reach(&error)))?,
        audit: audit.clone(),
        kept_out: watch.devices.kept_out.clone(),
        cases: cases.clone(),
    };
    let ledgers = Ledgers {
        audit,
        cases,
        kept_out: watch.devices.kept_out.clone(),
        known,
    };
    Ok(Lookout {
        tap: Some(Tap { rates, sender }),
        watch: Some(watch),
        books: Some(books),
        ledgers: Some(ledgers),
        afterwards: asked.afterwards,
    })
}

/// What the workers say, and a service beside them if the configuration names one.
struct Heard {
    judged: mpsc::Receiver<Judged>,
    afterwords: mpsc::Receiver<Afterword>,
    afterwards: Option<Afterwards>,
}

fn asked(loaded: &Loaded, judged: mpsc::Receiver<Judged>) -> Result<Heard, ConfigError> {
    let Some(service) = ServiceSettings::of(&loaded.config.classifier) else {
        let (_, afterwords) = mpsc::channel(1);
        return Ok(Heard {
            judged,
            afterwords,
            afterwards: None,
        });
    };
    let asked = ask_as_well(&service, judged).map_err(|error| wrong_service(loaded, &error))?;
    Ok(Heard {
        judged: asked.judged,
        afterwords: asked.afterwords,
        afterwards: Some(asked.afterwards),
    })
}

/// Reads what [`build`] would, and lets each model look at a grey picture; nothing is started.
///
/// # Errors
/// What the configuration got wrong.
pub(super) fn rehearse(loaded: &Loaded) -> Result<(), ConfigError> {
    rulebook::load(loaded)?;
    let looked = look_here(&Settings::from(&loaded.config), 1);
    looked
        .map(drop)
        .map_err(|error| wrong_files(loaded, &error))
}

/// The browsers that are known again; the desk is told of those that stay outside.
fn devices(loaded: &Loaded, desk: &mut Desk) -> Result<DeviceBook, ConfigError> {
    let folder = &loaded.config.store.folder;
    let wrong = |error: &OpenError| loaded.wrong("store.folder", within_reach(error));
    let secret = store::device_secret(folder).map_err(|error| wrong(&error))?;
    let (kept_out, outside) = KeptOut::open(folder).map_err(|error| wrong(&error))?;
    let (now, seconds) = clocks();
    for Outside {
        device,
        rest,
        label,
    } in outside
    {
        desk.keep_out(device, &label, rest, now);
    }
    Ok(DeviceBook {
        tokens: DeviceTokens::new(&secret),
        kept_out,
        moment: (now, seconds),
    })
}

/// This moment by the clock that never goes back, and in seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a driver is where time enters")]
fn clocks() -> (Instant, u64) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    (
        tokio::time::Instant::now().into_std(),
        since.map_or(0, |since| since.as_secs()),
    )
}

fn wrong_service(loaded: &Loaded, error: &ServiceSetError) -> ConfigError {
    let key = match error {
        ServiceSetError::Destination(_) => "classifier.service_url",
        ServiceSetError::Secret { .. } | ServiceSetError::Short(_) => "classifier.service_secret",
        ServiceSetError::Labels(_) => "classifier.service_labels",
    };
    loaded.wrong(key, within_reach(error))
}

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}

fn wrong_files(loaded: &Loaded, error: &StartError) -> ConfigError {
    let key = match error {
        StartError::Listen(ListenError::Bind { .. }) => "classifier.listen",
        StartError::Listen(_) => "classifier.certificate",
        StartError::OwnModels { .. }
        | StartError::ReadModel { .. }
        | StartError::Hash { .. }
        | StartError::Model { .. }
        | StartError::TooLarge { .. } => "classifier.models",
        _ => "moderation.hash_list",
    };
    loaded.wrong(key, within_reach(error))
}

/// Who is told what happens to a backend's legs; nobody, where the configuration names nobody.
///
/// # Errors
/// What the configuration got wrong.
pub(super) fn webhooks(loaded: &Loaded) -> Result<Option<Webhooks>, ConfigError> {
    let started = Webhooks::start(&loaded.config.webhooks, &loaded.config.store.folder);
    started.map_err(|error| {
        let key = match error {
            WebhookError::Target(_) => "webhooks.urls",
            WebhookError::NoEvent(_) => "webhooks.events",
            WebhookError::Secret(_) => "webhooks.secret",
            WebhookError::Store(_) => "store.folder",
        };
        loaded.wrong(key, within_reach(&error))
    })
}

/// What would be right, and everything that the system says about why it is not.
pub(super) fn within_reach(error: &dyn Error) -> String {
    let mut text = format!("within reach: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
