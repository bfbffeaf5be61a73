//! What the program says about its policy and its audit log, without a server.

use crate::started::{said, visavis};
use visavis::store::AuditLog;

/// A file in the folder for temporary files, gone with the test.
struct Written(std::path::PathBuf);

impl Written {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("visavis-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn the_built_in_policy_is_explained() {
    let (code, output, complaint) = said(&mut visavis(&["explain-policy", "known_picture", "1"]));
    assert_eq!((code, complaint.as_str()), (0, ""));
    assert!(
        output.starts_with("policy built-in 1\nknown_picture at 1\n"),
        "{output}"
    );
    assert!(
        output.contains("outside for 1 h, and a person looks"),
        "{output}"
    );
}

#[test]
fn a_wrong_policy_is_refused_with_its_line_wherever_it_is_read() {
    let policy = "version = 'mine'\n[[row]]\nlabel = 'porn'\naction = 'ban'\n";
    let file = Written::new("wrong_policy.toml", policy);
    for command in [&["explain-policy", "porn", "1"][..], &["check-config"][..]] {
        let mut program = visavis(command);
        program.args(["--moderation-policy", file.path()]);
        let (code, output, complaint) = said(&mut program);
        assert_eq!((code, output.as_str()), (2, ""), "{complaint}");
        let told = format!("{}, line 4: ban needs ban_ms", file.path());
        assert!(complaint.contains(&told), "{complaint}");
        assert!(
            complaint.starts_with("visavis: moderation.policy = "),
            "{complaint}"
        );
    }
}

#[test]
fn a_policy_file_that_is_not_there_is_told() {
    let (code, _, complaint) = said(&mut visavis(&[
        "check-config",
        "--moderation-policy",
        "no-such",
    ]));
    assert_eq!(code, 2);
    assert!(
        complaint.contains("(flag --moderation-policy) must be a file"),
        "{complaint}"
    );
}

#[test]
fn an_audit_log_is_verified_in_the_folder_of_the_configuration() {
    let name = format!("visavis-desk-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    AuditLog::open(&folder).unwrap().close();
    let folder_flag = ["--store-folder", folder.to_str().unwrap()];
    let (code, output, complaint) = said(visavis(&["audit", "verify"]).args(folder_flag));
    assert_eq!((code, complaint.as_str()), (0, ""));
    assert!(
        output.starts_with("0 lines, each as it was written\nlast seal 0000"),
        "{output}"
    );
    let seal = "5f".repeat(32);
    let (code, _, complaint) =
        said(visavis(&["audit", "verify", "--seal", &seal]).args(folder_flag));
    assert_eq!(code, 1);
    assert!(complaint.contains("the seal is not in "), "{complaint}");
    std::fs::remove_dir_all(&folder).unwrap();
    let (code, _, complaint) = said(visavis(&["audit", "verify"]).args(folder_flag));
    assert_eq!(code, 1);
    assert!(
        complaint.contains("cannot be read as an audit log"),
        "{complaint}"
    );
}

#[test]
fn a_moderator_is_added_listed_and_removed() {
    let name = format!("visavis-desk-people-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let ask = |arguments: &[&str]| {
        let mut program = visavis(arguments);
        said(program.args(["--store-folder", folder.to_str().unwrap()]))
    };
    let (code, token, complaint) = ask(&["moderator", "add", "Ada L.", "--role", "senior"]);
    assert_eq!((code, complaint.as_str()), (0, ""));
    assert!(
        token.starts_with("vvm_") && token.trim().len() == 68,
        "{token}"
    );
    let (code, list, _) = ask(&["moderator", "list"]);
    assert_eq!(code, 0);
    assert!(
        list.starts_with("senior        20") && list.ends_with("  Ada L.\n"),
        "{list}"
    );
    assert!(!list.contains(token.trim()));
    let (code, output, complaint) = ask(&["moderator", "add", "Ada L.", "--role", "admin"]);
    assert_eq!((code, output.as_str()), (1, ""));
    assert_eq!(complaint, "visavis: Ada L. is there already\n");
    assert_eq!(ask(&["moderator", "remove", "Ada L."]).0, 0);
    assert_eq!(
        ask(&["moderator", "list"]),
        (0, String::new(), String::new())
    );
    assert_eq!(ask(&["moderator", "remove", "Ada L."]).0, 1);
    let (code, _, complaint) = ask(&["moderator", "add", "Bo", "--role", "boss"]);
    assert_eq!(code, 2);
    assert!(
        complaint.contains("a role is moderator, senior, admin or child-safety"),
        "{complaint}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}
