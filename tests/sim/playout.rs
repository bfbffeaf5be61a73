//! When a receiver is told to show pictures: the first of a match at once, the others as usual.

use std::time::Duration;

use visavis::rtp::rtcp;

use crate::got::Got;
use crate::makes::{CHROMIUM, FIREFOX};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

/// Least and most delay, 12 bits each, in units of 10 ms.
pub(crate) const AT_ONCE: &[u8] = &[0, 0, 0];
pub(crate) const USUAL: &[u8] = &[0x00, 0x03, 0xe8];

/// What a visitor has been told by each packet of the picture, from one on: a timestamp and the word.
fn told(world: &mut World, visitor: usize, from: usize) -> Vec<(u32, Option<Vec<u8>>)> {
    let browser = world.browser(visitor);
    let id = browser.make.playout_delay;
    let word = |got: &Got| {
        let found = got.extensions.iter().find(|(of, _)| *of == id);
        (got.timestamp, found.map(|(_, data)| data.clone()))
    };
    browser.track(1).skip(from).map(word).collect()
}

#[test]
fn the_first_picture_and_the_first_that_moves_are_shown_at_once_and_the_next_as_usual() {
    let mut world = World::new(2, 81);
    let a = world.join("anna", CHROMIUM, 0);
    let partners = [
        world.join("berta", FIREFOX, 1),
        world.join("carla", CHROMIUM, 0),
    ];
    world.run_for(2 * SECOND);
    let mut from = 0;
    for partner in partners {
        let id = world.face(a, partner);
        world.run_for(3 * SECOND);
        world.part(id, a, partner);
        world.run_for(SECOND / 10);
        let told = told(&mut world, a, from);
        from += told.len();
        let mut pictures: Vec<u32> = told.iter().map(|(timestamp, _)| *timestamp).collect();
        pictures.dedup();
        let word_of = |picture: usize| {
            let of_picture = told.iter().filter(|(of, _)| *of == pictures[picture]);
            let mut words: Vec<_> = of_picture.map(|(_, word)| word.as_deref()).collect();
            words.dedup();
            assert_eq!(
                words.len(),
                1,
                "each packet of picture {picture} says the same"
            );
            words[0]
        };
        assert_eq!(word_of(0), Some(AT_ONCE), "the kept one");
        assert_eq!(word_of(1), Some(AT_ONCE), "the first that moves");
        for picture in 2..20 {
            assert_eq!(word_of(picture), Some(USUAL), "picture {picture}");
        }
        assert_eq!(word_of(pictures.len() - 1), None, "it is known by then");
    }
}

#[test]
fn the_word_is_sent_again_with_a_packet_that_was_lost() {
    let mut world = World::new(1, 82);
    let (a, b) = (
        world.join("anna", CHROMIUM, 0),
        world.join("berta", CHROMIUM, 0),
    );
    world.run_for(2 * SECOND);
    world.face(a, b);
    world.run_for(SECOND / 2);
    let browser = world.browser(b);
    let got = browser.track(1).last().expect("a picture").clone();
    assert!(got.extensions.iter().any(|(_, data)| data == USUAL));
    let mut nack = Vec::new();
    rtcp::write::nack(&mut nack, browser.video.ssrc, got.ssrc, &[got.sequence]);
    browser.send_rtcp(&nack);
    world.run_for(SECOND / 4);
    let resent = world.browser(b).track(2).last().expect("it").clone();
    assert_eq!(
        resent.payload[2..],
        got.payload,
        "the original number before it"
    );
    assert!(resent.extensions.iter().any(|(_, data)| data == USUAL));
}
