//! What the program says of an operator's own pictures and lists of hashes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::started::{said, visavis};

/// A folder of this test's, gone with it.
struct Own(PathBuf);

impl Own {
    fn new(name: &str) -> Self {
        let name = format!("visavis-own-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The load tester's drawn face, a VP8 keyframe, as a WebP picture.
fn webp() -> Vec<u8> {
    let ivf = include_bytes!("../../src/load/face/face.ivf");
    let length = u32::from_le_bytes(*ivf[32..].first_chunk().unwrap());
    let data = &ivf[44..44 + usize::try_from(length).unwrap()];
    let length = length.to_le_bytes();
    [b"RIFF", &length[..], b"WEBPVP8 ", &length, data].concat()
}

/// A PNG of one grey.
fn grey() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 64, 64);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[120; 64 * 64]).unwrap();
    writer.finish().unwrap();
    file
}

#[test]
fn own_pictures_are_looked_at_and_the_unreadable_are_named() {
    let own = Own::new("pictures");
    own.file("neutral/1.webp", webp());
    own.file("neutral/2.webp", webp());
    own.file("unusable/1.png", grey());
    let text = own.file("neutral/notes.txt", "not a picture");
    let cut = own.file("unusable/cut.png", &grey()[..50]);
    own.file("neutral/.hidden", "left alone");
    let (code, output, complaint) = said(&mut visavis(&[
        "evaluate",
        own.path(),
        "--format=json",
        "--threads=2",
    ]));
    assert_eq!((code, complaint.as_str()), (0, ""));
    let found: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!(found["folders"]["neutral"]["pictures"], 2);
    assert_eq!(found["folders"]["neutral"]["unreadable"], 1);
    assert_eq!(found["folders"]["neutral"]["hidden"], 0);
    let unreadable = found["unreadable"].as_array().unwrap();
    assert_eq!(unreadable[0]["file"], text);
    assert_eq!(unreadable[0]["reason"], "neither JPEG nor PNG nor WebP");
    assert_eq!(unreadable[1]["file"], cut);
    let thresholds = found["thresholds"].as_array().unwrap();
    let of = |label| thresholds.iter().find(|bar| bar["label"] == label).unwrap();
    assert_eq!(of("unusable")["precision"], 1.0);
    assert_eq!(of("unusable")["recall"], 1.0);
    assert_eq!(of("porn")["flagged"], 0);
    assert!(found["pipeline"].as_str().unwrap().contains("blazeface@"));

    let (code, output, _) = said(&mut visavis(&["evaluate", own.path()]));
    assert_eq!(code, 0);
    assert!(output.starts_with("policy built-in 1\n"), "{output}");
    assert!(output.contains("\nneutral                      2           1       0\n"));
    assert!(output.contains(&format!("{text}: neither")), "{output}");
}

#[test]
fn a_folder_without_pictures_or_of_another_name_is_told() {
    let own = Own::new("empty");
    let (code, _, complaint) = said(&mut visavis(&["evaluate", own.path()]));
    assert_eq!(code, 1);
    assert!(complaint.contains("a folder for each label"), "{complaint}");
    own.file("No Label/1.webp", webp());
    let (code, _, complaint) = said(&mut visavis(&["evaluate", own.path()]));
    assert_eq!(code, 1);
    assert!(complaint.contains("is named like no label"), "{complaint}");
    assert_eq!(said(&mut visavis(&["evaluate", "no-such"])).0, 1);
}

#[test]
fn hashes_are_imported_once_and_what_is_none_is_named() {
    let own = Own::new("hashes");
    let list = own.0.join("list.txt");
    let flag = format!("--moderation-hash-list={}", list.display());
    let ask = |arguments: &[&str]| said(visavis(arguments).arg(&flag));
    let known = "0f".repeat(32);
    let first = own.file("first.csv", format!("hash,quality\n{known},90\nrubbish\n"));
    let second = own.file("second.txt", format!("{known}\n{}", "a5".repeat(32)));

    let (code, output, complaint) = ask(&["hashes", "import", &first, &second]);
    assert_eq!((code, complaint.as_str()), (0, ""));
    let refusal = format!("{first}, line 3: 64 hexadecimal digits stand first on each line\n");
    let told = "2 new, 1 there already, 1 refused; 2 on the list\n";
    assert_eq!(output, refusal + told);
    let (_, output, _) = ask(&["hashes", "import", &second]);
    assert_eq!(output, "0 new, 2 there already, 0 refused; 2 on the list\n");
    assert_eq!(ask(&["hashes", "count"]).1, "2\n");
    let both = format!("{known}\n{}\n", "a5".repeat(32));
    assert_eq!(ask(&["hashes", "list"]).1, both);
    assert_eq!(fs::read_to_string(&list).unwrap(), both);
    assert_eq!(ask(&["check-config"]).0, 0);
}

#[test]
fn a_list_is_written_whole_or_not_at_all() {
    let own = Own::new("whole");
    let list = own.file("list.txt", "# ours\n");
    let flag = format!("--moderation-hash-list={list}");
    let more = own.file("more.txt", "1".repeat(64));
    let import = |file: &str| said(visavis(&["hashes", "import", file]).arg(&flag));
    // Somebody else is at it.
    let other = own.file("list.txt.new", "");
    let (code, _, complaint) = import(&more);
    assert_eq!(code, 1);
    assert!(complaint.contains("another import"), "{complaint}");
    assert_eq!(fs::read_to_string(&list).unwrap(), "# ours\n");
    fs::remove_file(other).unwrap();
    assert_eq!(import("no-such-file").0, 1);
    assert_eq!(import(&more).0, 0);
    let whole = format!("# ours\n{}\n", "1".repeat(64));
    assert_eq!(fs::read_to_string(&list).unwrap(), whole);
    assert!(!Path::new(&format!("{list}.new")).exists());

    let (code, _, complaint) = said(&mut visavis(&["hashes", "count"]));
    assert_eq!(code, 2);
    assert!(
        complaint.contains("moderation.hash_list = \"\" (default) must be set"),
        "{complaint}"
    );
}
