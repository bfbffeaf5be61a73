//! No dump of this process's memory: it would hold pictures, tokens and keys, and lie on a disk.

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};
use tracing::warn;

/// From now on the system writes none, nor hands one to a program that collects them. Workers are processes of
/// their own, and see to that themselves.
pub fn forbid() {
    let none = Rlimit {
        current: Some(0),
        maximum: getrlimit(Resource::Core).maximum,
    };
    let forbidden = setrlimit(Resource::Core, none)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable));
    if let Err(error) = forbidden {
        warn!(%error, "a crash may leave a dump of the memory behind, with pictures in it");
    }
}
