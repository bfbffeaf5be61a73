//! What other servers on the same store decide about who stays outside, as during an upgrade: it holds here
//! too, within a second.

use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tracing::error;

use crate::control::Handle;
use crate::store::{KeptOut, News};

/// How often it is looked for news.
const EVERY: Duration = Duration::from_secs(1);

/// Tells the desk of their decisions, as long as it is let.
pub(super) async fn heed(kept_out: KeptOut, control: Handle) {
    let mut elsewhere = match kept_out.elsewhere() {
        Ok(elsewhere) => elsewhere,
        Err(error) => {
            return error!(%error, "what other servers decide about who stays outside is not heard");
        }
    };
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reads = true;
    loop {
        ticks.tick().await;
        let look = move || (elsewhere.look(), elsewhere);
        let Ok((looked, back)) = spawn_blocking(look).await else {
            return;
        };
        elsewhere = back;
        match looked {
            Ok(news) => {
                reads = true;
                for one in news {
                    tell(&control, one).await;
                }
            }
            // Said once, however long it lasts.
            Err(error) if reads => {
                reads = false;
                error!(%error, "what other servers decide about who stays outside is not heard");
            }
            Err(_) => {}
        }
    }
}

async fn tell(control: &Handle, news: News) {
    match news {
        News::Kept(outside) => control.keep_out(outside).await,
        News::Lifted(device) => control.readmit(device).await,
    }
}
