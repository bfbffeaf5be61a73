//! [`Casework`]: what people at the desk do with cases. **The audit line first, then the case's row,
//! then the action.**

use std::sync::Arc;

use tokio::sync::watch;

use super::handle::Handle;
use super::request::Ruled;
use crate::id::CaseId;
use crate::limits;
use crate::metrics;
use crate::moderation::{
    Actor, AuditLine, CaseClass, Deed, Escalation, Hindrance, Label, Role, Ruling, Status,
};
use crate::store::{
    AppendCause, AuditLog, CaseFile, CaseRow, Cases, Decision, DepotError, Evidence, EvidenceError,
    KeptOut, Lease, Leased, Moderator, OpenPicture, Owed, PictureRow, Queue, Taken,
};

/// What people at the desk do with cases. Clones work on the same cases.
#[derive(Clone, Debug)]
pub struct Casework {
    pub(super) cases: Cases,
    audit: AuditLog,
    pub(super) kept_out: KeptOut,
    pub(super) control: Handle,
    /// What there is to see, where that is kept.
    evidence: Option<Evidence>,
}

/// Why something is not done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CaseworkError {
    /// There is no such case.
    #[error("there is no such case")]
    NoSuchCase,
    /// This person may not.
    #[error(transparent)]
    Hindered(#[from] Hindrance),
    /// Somebody else has it.
    #[error("{} has this case", .0.by)]
    Taken(Lease),
    /// Whoever wants to decide has to have it first.
    #[error("take the case first: your time with it is over, or never began")]
    NotLeased,
    /// They have asked before.
    #[error("this case was appealed before")]
    Appealed,
    /// The audit log takes no line: nothing was done.
    #[error("the audit log takes no line, so that nothing is done")]
    NotWritten,
    /// The cases cannot be used.
    #[error("the cases cannot be used: {0}")]
    Store(#[from] AppendCause),
    /// There is no picture with that number.
    #[error("there is no such picture in this case")]
    NoSuchPicture,
    /// The picture does not open: the operator's key is not the one that it was sealed with.
    #[error("the picture does not open with the evidence key of this server")]
    Sealed,
    /// Where the pictures lie cannot be used.
    #[error("the place of the pictures cannot be used now")]
    NoEvidence,
}

impl From<EvidenceError> for CaseworkError {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::NoSuchPicture | EvidenceError::Depot(DepotError::Missing) => {
                Self::NoSuchPicture
            }
            EvidenceError::Sealed(_) => Self::Sealed,
            EvidenceError::Depot(_) => Self::NoEvidence,
            EvidenceError::Cases(cause) => Self::Store(cause),
        }
    }
}

/// A case as it is taken out.
#[derive(Clone, PartialEq, Debug)]
pub struct Exported {
    /// What is known.
    pub file: CaseFile,
    /// What there is to see.
    pub pictures: Vec<(PictureRow, OpenPicture)>,
}

/// What a visitor is told about a case of theirs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseNews {
    /// How far it has come.
    pub status: Status,
    /// What was done: the last decision's word, or the machine's; none if nothing.
    pub action: Option<String>,
    /// Whether no person has decided yet.
    pub automated: bool,
    /// When a person last decided, in milliseconds since 1970.
    pub decided_ms: Option<u64>,
    /// Whether they have asked for another look.
    pub appealed: bool,
}

impl Casework {
    /// On these cases.
    pub const fn new(cases: Cases, audit: AuditLog, kept_out: KeptOut, control: Handle) -> Self {
        Self {
            cases,
            audit,
            kept_out,
            control,
            evidence: None,
        }
    }

    /// The same, with what there is to see.
    #[must_use]
    pub fn with_evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = Some(evidence);
        self
    }

    /// Counts up whenever a case changes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.cases.changes()
    }

    /// What is open and theirs to see, of one class or of all.
    ///
    /// # Errors
    /// The class is not theirs, or the cases cannot be used.
    pub async fn queue(
        &self,
        person: &Moderator,
        class: Option<CaseClass>,
    ) -> Result<Queue, CaseworkError> {
        let class = match (person.role, class) {
            (Role::ChildSafety, class) => class,
            (Role::Moderator | Role::Senior | Role::Admin, Some(CaseClass::ChildSafety)) => {
                return Err(Hindrance::Role.into());
            }
            (Role::Moderator | Role::Senior | Role::Admin, _) => Some(CaseClass::Conduct),
        };
        Ok(self.cases.queue(class).await?)
    }

    /// The most pressing case that they may take up, leased to them.
    ///
    /// # Errors
    /// The cases cannot be used.
    pub async fn next(&self, person: &Moderator) -> Result<Option<CaseRow>, CaseworkError> {
        Ok(self.cases.next(&person.name, person.role).await?)
    }

    /// They take a case, or renew their lease.
    ///
    /// # Errors
    /// Somebody else has it, or it is not theirs to decide.
    pub async fn lease(&self, person: &Moderator, id: CaseId) -> Result<Lease, CaseworkError> {
        let row = self.seen(person, id).await?;
        row.standing().take_up(&person.name, person.role)?;
        match self.cases.lease(id, &person.name).await? {
            Leased::Yes(lease) => Ok(lease),
            Leased::Taken(lease) => Err(CaseworkError::Taken(lease)),
            Leased::Gone => Err(Hindrance::Closed.into()),
        }
    }

    /// They give a case back.
    ///
    /// # Errors
    /// The cases cannot be used.
    pub async fn give_back(&self, person: &Moderator, id: CaseId) -> Result<(), CaseworkError> {
        Ok(self.cases.give_back(id, &person.name).await?)
    }

    /// One case, whole. What may show a child is looked at with a line in the audit log.
    ///
    /// # Errors
    /// There is none, or it is not theirs to see.
    pub async fn case(&self, person: &Moderator, id: CaseId) -> Result<CaseFile, CaseworkError> {
        let file = self.cases.whole(id).await?;
        let mut file = file.ok_or(CaseworkError::NoSuchCase)?;
        file.row.standing().see(person.role)?;
        file.history
            .retain(|other| other.standing().see(person.role).is_ok());
        if file.row.class == CaseClass::ChildSafety {
            self.write(person, &file.row, Deed::View, "opened".to_owned())
                .await?;
        }
        Ok(file)
    }

    /// A picture of a case. Whoever sees one is in the audit log before they do.
    ///
    /// # Errors
    /// There is none, it is not theirs to see, or it does not open.
    pub async fn picture(
        &self,
        person: &Moderator,
        id: CaseId,
        n: u32,
    ) -> Result<OpenPicture, CaseworkError> {
        let row = self.seen(person, id).await?;
        let evidence = self.evidence.as_ref();
        let evidence = evidence.ok_or(CaseworkError::NoSuchPicture)?;
        if !evidence.has(id, n).await? {
            return Err(CaseworkError::NoSuchPicture);
        }
        self.write(person, &row, Deed::View, format!("picture {n}"))
            .await?;
        Ok(evidence.open(id, n).await?)
    }

    /// A case about a child with all its pictures, for a person to report it. That it is taken out
    /// is in the audit log first.
    ///
    /// # Errors
    /// It is no such case, it is not theirs to see, or a picture does not open.
    pub async fn export(&self, person: &Moderator, id: CaseId) -> Result<Exported, CaseworkError> {
        let file = self.cases.whole(id).await?;
        let file = file.ok_or(CaseworkError::NoSuchCase)?;
        file.row.standing().see(person.role)?;
        if file.row.class != CaseClass::ChildSafety {
            return Err(Hindrance::Role.into());
        }
        let count = file.pictures.len();
        let reason = format!("to be reported, with {count} pictures");
        self.write(person, &file.row, Deed::Export, reason).await?;
        let mut pictures = Vec::with_capacity(count);
        for row in &file.pictures {
            let evidence = self.evidence.as_ref();
            let evidence = evidence.ok_or(CaseworkError::NoSuchPicture)?;
            pictures.push((row.clone(), evidence.open(id, row.n).await?));
        }
        Ok(Exported { file, pictures })
    }

    /// Forgets the cases whose time is over. The key of their pictures goes with them, so that no
    /// copy of these can be read. How many there were.
    ///
    /// # Errors
    /// It cannot be written down, or the cases cannot be used.
    pub async fn forget_expired(&self) -> Result<usize, CaseworkError> {
        let mut count = 0;
        loop {
            let expired = self.cases.expired().await?;
            if expired.is_empty() {
                break;
            }
            for row in &expired {
                let reason = "its time is over".to_owned();
                self.write_by(Actor::Clock, row, Deed::Destroy, reason)
                    .await?;
            }
            let ids = expired.iter().map(|row| row.id).collect();
            count += self.cases.forget(ids).await?.len();
        }
        if let Some(evidence) = &self.evidence {
            evidence.sweep().await?;
        }
        Ok(count)
    }

    /// They decide a case that they have; how far it has come then.
    ///
    /// # Errors
    /// They do not have it, may not, or it cannot be written down.
    pub async fn decide(
        &self,
        person: &Moderator,
        id: CaseId,
        decision: Decision,
    ) -> Result<Status, CaseworkError> {
        let row = self.held(person, id).await?;
        let standing = row.standing();
        let sequel = standing.rule(&person.name, person.role, decision.ruling)?;
        let deed = match sequel.status {
            Status::SecondOpinion => Deed::SecondOpinion,
            Status::Open | Status::Escalated | Status::Appealed | Status::Closed => {
                decision.ruling.deed()
            }
        };
        let mut reason = decision.reason.clone();
        if let Some(lasts) = decision.ruling.outside() {
            reason = format!("for {} s: {reason}", lasts.as_secs());
        }
        self.write(person, &row, deed, reason).await?;
        let owed = owed(&row, sequel.carried_out);
        let by = (person.name.as_str(), person.role);
        let taken = self
            .cases
            .decide(row.clone(), by, (decision, owed.clone()), sequel.status)
            .await?;
        if taken == Taken::Lapsed {
            return Err(CaseworkError::NotLeased);
        }
        if row.deciders.is_empty() {
            metrics::CASE_TIME
                .histogram()
                .record(self.cases.age_of(&row).as_secs_f64());
        }
        metrics::CASES_DECIDED
            .counter_of(sequel.carried_out.deed().word())
            .increment(1);
        self.carry_out(person, (&row, owed), sequel.carried_out)
            .await;
        Ok(sequel.status)
    }

    /// They hand a case that they have to others.
    ///
    /// # Errors
    /// They do not have it, or it cannot be written down.
    pub async fn escalate(
        &self,
        person: &Moderator,
        id: CaseId,
        (to, note): (Escalation, &str),
    ) -> Result<(), CaseworkError> {
        let row = self.held(person, id).await?;
        let reason = format!("to {}: {note}", to.word());
        self.write(person, &row, Deed::Escalate, reason).await?;
        match self.cases.escalate(row, &person.name, to).await? {
            Taken::Yes => Ok(()),
            Taken::Lapsed => Err(CaseworkError::NotLeased),
        }
    }

    /// They keep a case beyond its time, or no longer.
    ///
    /// # Errors
    /// Only an admin and child safety may.
    pub async fn hold(
        &self,
        person: &Moderator,
        id: CaseId,
        on: bool,
    ) -> Result<(), CaseworkError> {
        let row = self.seen(person, id).await?;
        match person.role {
            Role::Admin | Role::ChildSafety => {}
            Role::Moderator | Role::Senior => return Err(Hindrance::Role.into()),
        }
        let deed = if on { Deed::Hold } else { Deed::Unhold };
        self.write(person, &row, deed, "legal hold".to_owned())
            .await?;
        Ok(self.cases.hold(id, on).await?)
    }

    /// The visitor with this code asks for another look: nobody has to say who they are.
    ///
    /// # Errors
    /// There is no such case, or they have asked before.
    pub async fn appeal(&self, code: &str, text: &str) -> Result<(), CaseworkError> {
        let file = self.by_code(code).await?;
        if file.row.appeal.is_some() {
            return Err(CaseworkError::Appealed);
        }
        let actor = Actor::Visitor(file.row.session);
        let reason = "asks for another look".to_owned();
        self.write_by(actor, &file.row, Deed::Appeal, reason)
            .await?;
        let text: String = text.trim().chars().take(limits::APPEAL_CHARS).collect();
        match self.cases.appeal(file.row.id, &text).await? {
            true => Ok(()),
            false => Err(CaseworkError::Appealed),
        }
    }

    /// What the visitor with this code may know.
    ///
    /// # Errors
    /// There is no such case.
    pub async fn news(&self, code: &str) -> Result<CaseNews, CaseworkError> {
        let file = self.by_code(code).await?;
        let last = file.decisions.last();
        let action = last.map(|decided| decided.action.clone());
        Ok(CaseNews {
            status: file.row.status,
            action: action.or(file.row.machine_action),
            automated: last.is_none(),
            decided_ms: last.map(|decided| decided.at_ms),
            appealed: file.row.appeal.is_some(),
        })
    }

    async fn by_code(&self, code: &str) -> Result<CaseFile, CaseworkError> {
        let code = code.trim().to_ascii_uppercase();
        let file = self.cases.find_by_code(&code).await?;
        file.ok_or(CaseworkError::NoSuchCase)
    }

    /// A case that they may see.
    async fn seen(&self, person: &Moderator, id: CaseId) -> Result<CaseRow, CaseworkError> {
        let row = self.cases.find(id).await?;
        let row = row.ok_or(CaseworkError::NoSuchCase)?;
        row.standing().see(person.role)?;
        Ok(row)
    }

    /// A case that they have.
    async fn held(&self, person: &Moderator, id: CaseId) -> Result<CaseRow, CaseworkError> {
        let row = self.seen(person, id).await?;
        if row.status == Status::Closed {
            return Err(Hindrance::Closed.into());
        }
        match &row.lease {
            Some(lease) if lease.by == person.name => Ok(row),
            Some(lease) => Err(CaseworkError::Taken(lease.clone())),
            None => Err(CaseworkError::NotLeased),
        }
    }

    /// What was decided is done: on disk for the device, and now for the session.
    async fn carry_out(
        &self,
        person: &Moderator,
        (row, owed): (&CaseRow, Option<Owed>),
        ruling: Ruling,
    ) {
        if let Some(owed) = &owed {
            self.settle(row.id, owed).await;
            if owed.lifts {
                self.control.readmit(owed.device).await;
            }
        }
        let ruled = Ruled {
            // Another process gave its numbers to others.
            session: (row.run == self.cases.run()).then_some(row.session),
            device: row.device,
            ruling,
            label: label_of(row),
            by: actor(person),
        };
        self.control.rule(ruled).await;
    }

    async fn write(
        &self,
        person: &Moderator,
        row: &CaseRow,
        deed: Deed,
        reason: String,
    ) -> Result<(), CaseworkError> {
        self.write_by(actor(person), row, deed, reason).await
    }

    /// The line that comes before everything.
    async fn write_by(
        &self,
        actor: Actor,
        row: &CaseRow,
        deed: Deed,
        reason: String,
    ) -> Result<(), CaseworkError> {
        let line = AuditLine {
            actor,
            session: Some(row.session),
            label: Label::new(&row.label).unwrap_or(Label::REPORTED),
            score: 0.0,
            version: Arc::from(""),
            deed,
            reason: format!("case {}: {reason}", row.id),
        };
        match self.audit.append(vec![line]).await {
            Ok(Ok(())) => {
                metrics::DECISIONS.counter_of(deed.word()).increment(1);
                Ok(())
            }
            Ok(Err(_)) | Err(_) => Err(CaseworkError::NotWritten),
        }
    }
}

/// Whether the device's time outside that this case brought it is over with this ruling: a second
/// one counts in the place of the first. What another case brought it stays.
fn takes_the_place_of_another(row: &CaseRow, ruling: Ruling) -> bool {
    let by_machine = matches!(row.machine_action.as_deref(), Some("cooldown" | "ban"));
    !row.deciders.is_empty() || (by_machine && ruling.takes_back())
}

/// What a ruling means for the device, if that is known.
fn owed(row: &CaseRow, ruling: Ruling) -> Option<Owed> {
    let owed = Owed {
        device: row.device?,
        lifts: takes_the_place_of_another(row, ruling),
        rest: ruling.outside(),
        label: label_of(row),
    };
    (owed.lifts || owed.rest.is_some()).then_some(owed)
}

fn label_of(row: &CaseRow) -> Label {
    Label::new(&row.label).unwrap_or(Label::REPORTED)
}

fn actor(person: &Moderator) -> Actor {
    Actor::Person(Arc::from(person.name.as_str()))
}
