//! What a decision means for the device: on disk, now or as soon as the disk takes it.

use tracing::{error, info};

use super::casework::{Casework, CaseworkError};
use crate::id::CaseId;
use crate::store::{AppendCause, Outside, Owed};

impl Casework {
    /// Puts what a case owes on the list of who stays outside. What the disk does not take stays owed.
    pub(super) async fn settle(&self, id: CaseId, owed: &Owed) {
        if let Err(error) = self.put_on_the_list(id, owed).await {
            error!(%error, "who stays outside is not on the list yet; it is tried again");
        }
    }

    /// The same for all that is still owed, as after a crash, for this server and for those who are here.
    pub async fn settle_all(&self) {
        let owed = match self.cases.owed().await {
            Ok(owed) => owed,
            Err(error) => return error!(%error, "decisions that are not carried out are not known"),
        };
        for (id, owed) in owed {
            info!("a decision is carried out that was not before");
            self.settle(id, &owed).await;
            if owed.lifts {
                self.control.readmit(owed.device).await;
            }
            if let Some(outside) = outside(&owed) {
                self.control.keep_out(outside).await;
            }
        }
    }

    async fn put_on_the_list(&self, id: CaseId, owed: &Owed) -> Result<(), CaseworkError> {
        let gone = |_| AppendCause::Closed;
        if owed.lifts {
            self.kept_out.lift(owed.device).await.map_err(gone)??;
        }
        if let Some(outside) = outside(owed) {
            self.kept_out.keep(outside).await.map_err(gone)??;
        }
        Ok(self.cases.pay(id).await?)
    }
}

fn outside(owed: &Owed) -> Option<Outside> {
    owed.rest.map(|rest| Outside {
        device: owed.device,
        rest,
        label: owed.label.clone(),
    })
}
