//! The people who may decide: their tokens, and what a thief of the file would find.

use std::path::PathBuf;

use visavis::private::Private;
use visavis::store::{ModeratorError, Moderators, Role};

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("visavis-moderators-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn who_was_added_is_known_by_the_token_and_nobody_by_another() {
    let folder = Folder::new("known");
    let mut moderators = Moderators::open(&folder.0).unwrap();
    let ada = moderators.add("Ada", Role::Senior).unwrap();
    let bo = moderators.add("Bo", Role::ChildSafety).unwrap();
    let found = moderators.find(&ada).unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.role), ("Ada", Role::Senior));
    let found = moderators.find(&bo).unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.role), ("Bo", Role::ChildSafety));
    let cut = ada.reveal().get(1..).unwrap().to_owned();
    for wrong in [String::new(), "Ada".to_owned(), cut] {
        assert_eq!(moderators.find(&Private::new(wrong)).unwrap(), None);
    }
}

#[test]
fn who_was_removed_is_nobody_even_to_a_server_that_runs() {
    let folder = Folder::new("removed");
    let server = Moderators::open(&folder.0).unwrap();
    let mut command = Moderators::open(&folder.0).unwrap();
    let first = command.add("Ada", Role::Admin).unwrap();
    assert!(server.find(&first).unwrap().is_some());
    command.remove("Ada").unwrap();
    assert_eq!(server.find(&first).unwrap(), None);
    assert_eq!(server.list().unwrap(), []);
    let again = command.add("Ada", Role::Moderator).unwrap();
    assert_eq!(
        server.find(&first).unwrap(),
        None,
        "the old token stays dead"
    );
    let found = server.find(&again).unwrap().unwrap();
    assert_eq!(found.role, Role::Moderator);
}

#[test]
fn a_name_that_is_taken_unknown_or_none_is_refused() {
    let folder = Folder::new("names");
    let mut moderators = Moderators::open(&folder.0).unwrap();
    moderators.add("Ada", Role::Senior).unwrap();
    let taken = moderators.add("Ada", Role::Admin);
    assert!(matches!(taken, Err(ModeratorError::Taken(_))), "{taken:?}");
    let unknown = moderators.remove("Bo");
    assert!(matches!(unknown, Err(ModeratorError::Unknown(_))));
    let long = "a".repeat(65);
    for wrong in ["", " Ada", "Ada\n", "a\u{1b}[2J", "<b>", long.as_str()] {
        let refused = moderators.add(wrong, Role::Senior);
        assert!(matches!(refused, Err(ModeratorError::Name)), "{wrong:?}");
    }
    moderators.add("Zoé D.", Role::Senior).unwrap();
    assert_eq!(moderators.list().unwrap().len(), 2);
}

#[test]
fn no_token_is_on_disk_or_printed() {
    let folder = Folder::new("thief");
    let mut moderators = Moderators::open(&folder.0).unwrap();
    let token = moderators.add("Ada", Role::Senior).unwrap();
    assert!(!format!("{token:?}").contains(token.reveal()));
    let secret = token
        .reveal()
        .trim_start_matches("vvm_")
        .as_bytes()
        .to_vec();
    let files: Vec<_> = std::fs::read_dir(&folder.0).unwrap().collect();
    assert!(!files.is_empty());
    let mut named = false;
    for file in files {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(!holds(&secret));
        named |= holds(b"Ada");
    }
    assert!(named, "what is looked through holds the name, at least");
}
