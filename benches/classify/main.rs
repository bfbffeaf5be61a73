//! What looking at one keyframe costs a worker, on one core. `benches/README.md` says what each
//! number means.
#![expect(
    clippy::unwrap_used,
    reason = "a bench that fails may say so by panicking"
)]

use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use visavis::classify::decode::decode;
use visavis::classify::known::KnownPictures;
use visavis::classify::looking::Eye;
use visavis::classify::model::Model;
use visavis::classify::pdq::{Fingerprint, fingerprint};
use visavis::classify::picture::Picture;
use visavis::classify::settings::{Bundled, ModelSource, ModelSpec};
use visavis::classify::unusable::is_unusable;
use visavis::codec::VideoCodec;

/// The keyframe of the load tester's clip: VP8, 320x240.
fn keyframe() -> &'static [u8] {
    let file = include_bytes!("../../src/load/face/face.ivf");
    let (length, rest) = file[32..].split_first_chunk::<4>().unwrap();
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap();
    &rest[8..8 + length]
}

fn picture() -> Picture {
    decode(VideoCodec::Vp8, keyframe()).unwrap()
}

fn main() {
    divan::main();
}

#[divan::bench]
fn vp8(bencher: Bencher<'_, '_>) {
    bencher.bench(|| decode(VideoCodec::Vp8, black_box(keyframe())));
}

#[divan::bench]
fn shows_anything(bencher: Bencher<'_, '_>) {
    let picture = picture();
    bencher.bench(|| is_unusable(black_box(&picture.luma)));
}

#[divan::bench]
fn pdq(bencher: Bencher<'_, '_>) {
    let picture = picture();
    bencher.bench(|| fingerprint(black_box(&picture.luma)));
}

/// A list of fingerprints that are all strangers.
#[divan::bench(args = [1_000, 1_000_000])]
fn known(bencher: Bencher<'_, '_>, count: u64) {
    let mut list = String::new();
    for number in 1..=count {
        // A mixer, so that they lie far apart.
        let word = |salt: u64| {
            (number + salt)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(23)
        };
        list.extend([1, 2, 3, 4].map(|salt| format!("{:016x}", word(salt << 40))));
        list.push('\n');
    }
    let list = KnownPictures::parse(&list).unwrap();
    bencher.bench(|| list.has(black_box(&Fingerprint([0; 32])), 100));
}

#[divan::bench(args = ["nsfw_mobilenet_v2", "blazeface"])]
fn model(bencher: Bencher<'_, '_>, name: &str) {
    let mut specs = ModelSpec::bundled().into_iter();
    let spec = specs.find(|spec| spec.name == name).unwrap();
    let ModelSource::Bundled(bundled) = &spec.source else {
        panic!("it comes with the program");
    };
    let bytes = bundled.bytes().to_vec();
    let pool = Arc::new(rten::ThreadPool::with_num_threads(1));
    let model = Model::load(spec, bytes, &pool).unwrap();
    let picture = picture();
    bencher.bench(|| model.look(black_box(&picture)).unwrap());
}

/// Everything that is done for one frame in the worker: frames a second and core.
#[divan::bench]
fn whole(bencher: Bencher<'_, '_>) {
    let mut eye = Eye::default();
    for (spec, bundled) in ModelSpec::bundled()
        .into_iter()
        .zip([Bundled::Nsfw, Bundled::Face])
    {
        eye.load(spec, bundled.bytes().to_vec()).unwrap();
    }
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench(|| eye.see(VideoCodec::Vp8, black_box(keyframe())));
}
