//! [`Action`]: what may be asked for at the desk, and by which role. One table.

use crate::store::Role;

/// What may be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    /// To be known, and to see what everybody at the desk needs.
    SignIn,
    /// To see cases, take them and decide them. Whose cases, and whether alone, the case says.
    SeeCases,
    /// To keep a case beyond its time.
    HoldCases,
    /// To see what may show a child.
    ChildSafety,
    /// To see who stays outside.
    SeeBans,
    /// To let somebody in again.
    LiftBans,
    /// To read the audit log.
    ReadTrail,
    /// To see how the work goes.
    SeeFigures,
    /// To take out what an operator may publish.
    Publish,
    /// To have the policy read again.
    ReloadPolicy,
}

impl Action {
    /// All of them.
    pub(super) const ALL: [Self; 10] = [
        Self::SignIn,
        Self::SeeCases,
        Self::HoldCases,
        Self::ChildSafety,
        Self::SeeBans,
        Self::LiftBans,
        Self::ReadTrail,
        Self::SeeFigures,
        Self::Publish,
        Self::ReloadPolicy,
    ];

    /// As the page and the audit log name it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SeeCases => "see_cases",
            Self::HoldCases => "hold",
            Self::ChildSafety => "child_safety",
            Self::SeeBans => "see_bans",
            Self::LiftBans => "lift_bans",
            Self::ReadTrail => "read_trail",
            Self::SeeFigures => "see_figures",
            Self::Publish => "publish",
            Self::ReloadPolicy => "reload_policy",
        }
    }

    /// Whether somebody with this role may ask for it.
    pub(super) const fn is_for(self, role: Role) -> bool {
        // moderator, senior, admin, child-safety
        let [moderator, senior, admin, child_safety] = match self {
            Self::SignIn | Self::SeeCases | Self::SeeBans | Self::SeeFigures => {
                [true, true, true, true]
            }
            Self::HoldCases => [false, false, true, true],
            Self::ChildSafety => [false, false, false, true],
            Self::LiftBans | Self::ReadTrail | Self::Publish => [false, true, true, false],
            Self::ReloadPolicy => [false, false, true, false],
        };
        match role {
            Role::Moderator => moderator,
            Role::Senior => senior,
            Role::Admin => admin,
            Role::ChildSafety => child_safety,
        }
    }
}
