//! What others say of the same pictures: libvpx by ffmpeg, Meta's PDQ, onnxruntime. Their answers
//! are recorded in `tests/data/classify.json`, by `tests/data/record-classify`.

use std::sync::Arc;

use serde_json::Value;
use visavis::classify::decode::decode;
use visavis::classify::looking::{Eye, Sight, sha256};
use visavis::classify::model::Model;
use visavis::classify::pdq::{Fingerprint, fingerprint};
use visavis::classify::picture::Picture;
use visavis::classify::settings::{Bundled, ModelSpec};
use visavis::codec::VideoCodec;

use crate::show::{H264_KEYFRAME, VP9_KEYFRAME, coloured, keyframe, pattern};

/// How far a score may be from the recorded one.
const NEAR: f32 = 1e-3;

fn recorded() -> Value {
    serde_json::from_str(include_str!("../data/classify.json")).unwrap()
}

fn clip() -> Picture {
    decode(VideoCodec::Vp8, keyframe()).unwrap()
}

fn model(at: usize, bundled: Bundled) -> Model {
    let pool = Arc::new(rten::ThreadPool::with_num_threads(1));
    let spec = ModelSpec::bundled().remove(at);
    Model::load(spec, bundled.bytes().to_vec(), &pool).unwrap()
}

fn assert_near(scores: &[(String, f32)], expected: &[(&str, &Value)]) {
    assert_eq!(scores.len(), expected.len());
    for ((label, value), (expected_label, expected)) in scores.iter().zip(expected) {
        let expected: f32 = expected.to_string().parse().unwrap();
        assert_eq!(label, expected_label);
        assert!(
            (value - expected).abs() < NEAR,
            "{label}: {value}, recorded {expected}"
        );
    }
}

fn classes(recorded: &Value) -> Vec<(&'static str, &Value)> {
    let labels = ["drawing", "hentai", "neutral", "porn", "sexy"];
    labels
        .into_iter()
        .zip(recorded["classes"].as_array().unwrap())
        .collect()
}

#[test]
fn a_vp8_keyframe_decodes_to_the_bit_as_libvpx_decodes_it() {
    let picture = clip();
    let luma: Vec<u8> = picture.luma.rows().flatten().copied().collect();
    let recorded = &recorded()["clip"];
    assert_eq!(sha256(&luma), recorded["luma_sha256"]);
    assert_eq!(sha256(&planes(&picture)), recorded["planes_sha256"]);
}

#[test]
fn keyframes_of_other_codings_decode_to_the_bit_as_well() {
    for (codec, name, data) in [
        (VideoCodec::Vp9, "vp9", VP9_KEYFRAME),
        (VideoCodec::H264, "h264", H264_KEYFRAME),
    ] {
        let picture = decode(codec, data).unwrap();
        assert_eq!((picture.luma.width(), picture.luma.height()), (320, 240));
        let recorded = &recorded()[name]["planes_sha256"];
        assert_eq!(sha256(&planes(&picture)), *recorded, "{name}");
    }
}

#[test]
fn the_same_picture_has_nearly_the_same_fingerprint_in_every_coding() {
    let of = |codec, data| fingerprint(&decode(codec, data).unwrap().luma).unwrap().0;
    let vp8 = of(VideoCodec::Vp8, keyframe());
    assert!(vp8.distance(&of(VideoCodec::Vp9, VP9_KEYFRAME)) <= 31);
    assert!(vp8.distance(&of(VideoCodec::H264, H264_KEYFRAME)) <= 31);
}

fn planes(picture: &Picture) -> Vec<u8> {
    let planes = [&picture.luma, &picture.blue, &picture.red];
    planes
        .into_iter()
        .flat_map(|plane| plane.rows().flatten().copied())
        .collect()
}

#[test]
fn fingerprints_are_those_of_the_reference() {
    let recorded = recorded();
    let of_clip = fingerprint(&clip().luma).unwrap();
    assert_eq!(of_clip.0.to_string(), recorded["clip"]["pdq"]["hash"]);
    assert_eq!(of_clip.1, recorded["clip"]["pdq"]["quality"]);
    for one in recorded["synthetic_pdq"].as_array().unwrap() {
        let number = |key: &str| usize::try_from(one[key].as_u64().unwrap()).unwrap();
        let plane = pattern(number("width"), number("height"), number("seed"));
        let (hash, quality) = fingerprint(&plane).unwrap();
        let expected = Fingerprint::parse(one["hash"].as_str().unwrap()).unwrap();
        // Sums of floats in another order: a frequency at the median may fall to either side.
        assert!(hash.distance(&expected) <= 2, "{one}: {hash}");
        assert_eq!(usize::from(quality), number("quality"), "{one}");
    }
    assert!(fingerprint(&pattern(4, 100, 1)).is_none(), "too small");
}

#[test]
fn the_classes_are_those_of_onnxruntime() {
    let recorded = recorded();
    let model = model(0, Bundled::Nsfw);
    let synthetic = model.scores_of(&coloured(224)).unwrap();
    assert_near(&synthetic, &classes(&recorded["synthetic"]));
    assert_near(&model.look(&clip()).unwrap(), &classes(&recorded["clip"]));
}

#[test]
fn the_face_detector_says_what_it_says_in_onnxruntime() {
    let recorded = recorded();
    let model = model(1, Bundled::Face);
    let synthetic = model.scores_of(&coloured(256)).unwrap();
    assert_near(
        &synthetic,
        &[("no_face", &recorded["synthetic"]["no_face"])],
    );
    let of_clip = model.look(&clip()).unwrap();
    assert_near(&of_clip, &[("no_face", &recorded["clip"]["no_face"])]);
}

#[test]
fn a_picture_is_seen_by_every_model_in_order() {
    let mut eye = Eye::default();
    for (spec, bundled) in ModelSpec::bundled()
        .into_iter()
        .zip([Bundled::Nsfw, Bundled::Face])
    {
        eye.load(spec, bundled.bytes().to_vec()).unwrap();
    }
    let Sight::Seen {
        quality, scores, ..
    } = eye.see(VideoCodec::Vp8, keyframe())
    else {
        panic!("there is something to see");
    };
    assert_eq!(quality, 91);
    let labels: Vec<&str> = scores.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(
        labels,
        ["drawing", "hentai", "neutral", "porn", "sexy", "no_face"]
    );
    assert!(
        eye.pipeline()
            .ends_with("nsfw_mobilenet_v2@f7a156d0 blazeface@68af8a38")
    );
}

#[test]
fn a_model_that_is_not_as_described_is_refused() {
    let bytes = || Bundled::Nsfw.bytes().to_vec();
    let refusal = |spec: ModelSpec, bytes| {
        let error = Eye::default().load(spec, bytes).unwrap_err();
        error.to_string()
    };
    let spec = || ModelSpec::bundled().remove(0);
    let side = ModelSpec {
        side: 256,
        ..spec()
    };
    assert!(refusal(side, bytes()).contains("and not one picture of [1, 3, 256, 256]"));
    let few = ModelSpec {
        reading: visavis::classify::settings::Reading::Classes(vec!["a".to_owned()]),
        ..spec()
    };
    assert!(refusal(few, bytes()).contains("5 values for 1 labels"));
    let unnamed = ModelSpec {
        reading: ModelSpec::bundled().remove(1).reading,
        ..spec()
    };
    assert!(refusal(unnamed, bytes()).contains("has no output out0"));
    assert!(refusal(spec(), b"not a model".to_vec()).contains("cannot be loaded"));
}
