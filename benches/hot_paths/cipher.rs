//! `cipher`: unprotect and protect alone, by profile and length: the part of a packet's cost that
//! no arrangement of ours can lower.

use divan::Bencher;
use visavis::rtp::Header;
use visavis::srtp::{Inbound, KeyPair, Outbound, Profile, ReplayWindow};

const CASES: [(Profile, usize); 6] = [
    (Profile::AeadAes256Gcm, 100),
    (Profile::AeadAes256Gcm, 1100),
    (Profile::AeadAes128Gcm, 100),
    (Profile::AeadAes128Gcm, 1100),
    (Profile::Aes128CmSha1_80, 100),
    (Profile::Aes128CmSha1_80, 1100),
];

/// Room for the longest tag.
const TAG: usize = 20;

#[divan::bench(args = (0..CASES.len()).map(Case))]
fn there_and_back(bencher: Bencher<'_, '_>, case: &Case) {
    let (profile, bytes) = CASES[case.0];
    let keys = KeyPair::from_exporter(profile, &vec![7; profile.exporter_length()]).unwrap();
    let mut outbound = Outbound::new(&keys.client);
    let inbound = Inbound::new(&keys.client);
    let mut window = ReplayWindow::new();
    let mut packet = vec![0x5a; bytes + TAG];
    packet[..12].copy_from_slice(&[0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]);
    let mut index = 0_u64;
    bencher.bench_local(|| {
        index += 1;
        packet[2..4].copy_from_slice(&(index as u16).to_be_bytes());
        let length = outbound.protect_rtp(&mut packet, bytes, index).unwrap();
        let header = Header::parse(&packet).unwrap();
        inbound
            .unprotect_rtp(&mut window, &mut packet[..length], &header)
            .unwrap()
            .index
    });
}

/// A case, shown by its name.
struct Case(usize);

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (profile, bytes) = CASES[self.0];
        write!(f, "{profile:?} {bytes}")
    }
}
