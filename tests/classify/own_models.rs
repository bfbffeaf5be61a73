//! Models of an operator's own: described in a file, held to their hash, and heard like the bundled ones.
//! tests/data/record-own-model makes the model.

use std::fs;
use std::path::{Path, PathBuf};

use visavis::classify::model_file::OwnModels;
use visavis::classify::{Builtin, Classifier as _, Settings, StartError, look_here};
use visavis::moderation::{Label, Outcome, Policy};

use crate::show::{EVER, frame, keyframe};

const MODEL: &[u8] = include_bytes!("../data/own.onnx");
const HASH: &str = "40dd246147ec602585435374d00ad1c213872cd0fe533d6c463ecabbc16ac688";

fn description() -> String {
    format!(
        r#"[[model]]
name = "colours"
file = "own.onnx"
sha256 = "{HASH}"
side = 8
layout = "nchw"
colours = "rgb"
range = "0..1"
labels = ["reddish", "greenish", "bluish"]
"#
    )
}

/// A folder with the model and its description.
fn described(name: &str, description: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("own-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("own.onnx"), MODEL).unwrap();
    let file = folder.join("models.toml");
    fs::write(&file, description).unwrap();
    file
}

fn settings(file: PathBuf) -> Settings {
    let program = env!("CARGO_BIN_EXE_visavis").into();
    Settings {
        deadline: EVER,
        own_models: Some(file),
        command: Some((program, vec!["worker".into()])),
        ..Settings::default()
    }
}

fn label(word: &str) -> Label {
    Label::new(word).unwrap()
}

#[tokio::test]
async fn what_an_own_model_sees_stands_beside_what_the_bundled_ones_see() {
    let settings = settings(described("beside", &description()));
    let (builtin, mut verdicts) = Builtin::start(&settings).unwrap();
    builtin.ready().await.unwrap();
    assert!(builtin.judge(frame(1, keyframe())).is_none());
    let judged = tokio::time::timeout(EVER, verdicts.recv()).await.unwrap();
    let verdict = judged.unwrap().verdict;
    assert_eq!(verdict.outcome, Outcome::Judged);
    assert!(verdict.score_of(&Label::NO_FACE) > 0.5);
    let scores = ["reddish", "greenish", "bluish"].map(|word| verdict.score_of(&label(word)));
    assert!(
        scores.iter().all(|score| (0.05..0.95).contains(score)),
        "{scores:?}"
    );
    let short = HASH.get(..8).unwrap();
    assert!(builtin.version().ends_with(&format!("colours@{short}")));
}

#[test]
fn it_says_the_same_here_as_in_a_worker() {
    use visavis::classify::looking::Sight;
    use visavis::codec::VideoCodec;
    let mut eyes = look_here(&settings(described("here", &description())), 1).unwrap();
    let (eye, _) = &mut eyes[0];
    let Sight::Seen { scores, .. } = eye.see(VideoCodec::Vp8, keyframe()) else {
        panic!("there is something to see");
    };
    let words: Vec<_> = scores.iter().map(|(word, _)| word.as_str()).collect();
    assert_eq!(words.get(6..), Some(&["reddish", "greenish", "bluish"][..]));
}

#[test]
fn a_model_sees_colours_against_their_mean() {
    use visavis::classify::looking::Sight;
    use visavis::codec::VideoCodec;
    let scores_with = |name, more: &str| {
        let settings = settings(described(name, &format!("{}{more}", description())));
        let mut eyes = look_here(&settings, 1).unwrap();
        let (eye, _) = &mut eyes[0];
        let Sight::Seen { scores, .. } = eye.see(VideoCodec::Vp8, keyframe()) else {
            panic!("there is something to see");
        };
        let own: Vec<_> = scores[6..].iter().map(|(_, score)| *score).collect();
        own
    };
    let plain = scores_with("plain", "");
    let shifted = scores_with(
        "shifted",
        "mean = [0.0, -0.05, 0.0]\nstd = [2.0, 1.0, 1.0]\n",
    );
    let expected = [plain[0] / 2.0, plain[1] + 0.05, plain[2]];
    for (found, expected) in shifted.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-3,
            "{shifted:?} from {plain:?}"
        );
    }
}

#[test]
fn a_model_with_another_hash_or_shape_is_refused_at_the_start() {
    let start = |name, description: &str| {
        let refused = look_here(&settings(described(name, description)), 1);
        refused.map(|_| ()).unwrap_err()
    };
    let other = description().replace("40dd", "50dd");
    let refused = start("hash", &other);
    assert!(matches!(refused, StartError::Hash { .. }), "{refused}");
    let larger = description().replace("side = 8", "side = 16");
    let refused = start("side", &larger);
    assert!(matches!(refused, StartError::Model { .. }), "{refused}");
    let missing = description().replace("own.onnx", "none.onnx");
    let refused = start("file", &missing);
    assert!(matches!(refused, StartError::ReadModel { .. }), "{refused}");
}

#[test]
fn a_description_with_a_mistake_is_refused_whole_with_its_line() {
    let twice = format!("{0}\n{0}", description());
    for (text, line, reason) in [
        (String::new(), 1, "there must be 1 to 8 [[model]]"),
        (
            description().replace("side = 8", "side = 0"),
            5,
            "side must be",
        ),
        (
            description().replace("side = 8", "width = 8"),
            5,
            "unknown field",
        ),
        (
            description().replace(HASH, "abc"),
            4,
            "64 hexadecimal digits",
        ),
        (
            description().replace("reddish", "porn"),
            9,
            "a label of visavis itself",
        ),
        (
            description().replace("reddish", "bluish"),
            9,
            "bluish is said twice",
        ),
        (
            description().replace("colours\"\nfile", "blazeface\"\nfile"),
            2,
            "another model",
        ),
        (
            format!("{}mean = [0.5, 0.5]\n", description()),
            10,
            "array of length 3",
        ),
        (
            format!("{}std = [1.0, 0.0, 1.0]\n", description()),
            10,
            "std must be three numbers above 0",
        ),
        (
            format!("{}mean = [nan, 0.0, 0.0]\n", description()),
            10,
            "mean must be three numbers",
        ),
        (twice, 12, "another model is called colours"),
    ] {
        let error = OwnModels::parse(&text, Path::new("")).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.reason.contains(reason), "{error}");
    }
}

#[test]
fn a_guess_about_age_may_call_a_person_and_punishes_nobody() {
    let described = format!("{}age = true\n", description());
    let own = OwnModels::parse(&described, Path::new("")).unwrap();
    assert_eq!(own.of_age.len(), 3);
    let policy = |action: &str| {
        let text = format!("version = \"1\"\n\n[[row]]\nlabel = \"bluish\"\naction = {action}\n");
        Policy::parse("policy.toml", &text).unwrap()
    };
    let spared = |action| policy(action).spare_faces("policy.toml", &own.of_age);
    spared("\"review\"").unwrap();
    for action in ["\"warn\"", "[\"blur\", \"review\"]", "\"end\""] {
        let refused = spared(action).unwrap_err().to_string();
        assert!(
            refused.contains("a guess about age from a face"),
            "{refused}"
        );
        assert!(refused.contains('3'), "with its line: {refused}");
    }
}
