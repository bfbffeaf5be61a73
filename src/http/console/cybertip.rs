//! A case about a child as one file for whoever reports it: `report.xml` in the shape of NCMEC's
//! CyberTipline Reporting API, and each picture with its `fileDetails`. **A person submits it**: what the
//! server cannot know, who reports and what kind of incident it is, is theirs to fill in.

use std::io::{self, Cursor, Write};

use aws_lc_rs::digest;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use zip::CompressionMethod;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::calendar::moment;
use crate::classify::opinion::webp;
use crate::codec::VideoCodec;
use crate::control::Exported;
use crate::store::{CaseFile, OpenPicture, PictureRow};

/// Where the schema of both kinds of document is found.
const SCHEMA: &str = "https://report.cybertip.org/ispws/xsd";

/// What the schema calls the kind of incident that a picture is of.
const INCIDENT: &str = "Child Pornography (possession, manufacture, and distribution)";

type Xml = Writer<Vec<u8>>;

/// The file, as a ZIP archive.
pub(super) fn archive(exported: &Exported) -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zip.start_file("report.xml", stored)?;
    zip.write_all(&report(&exported.file)?)?;
    for (row, picture) in &exported.pictures {
        let (name, bytes) = as_file(row, picture);
        zip.start_file(format!("{name}.xml"), stored)?;
        zip.write_all(&details(row, &name, &bytes)?)?;
        zip.start_file(name, stored)?;
        zip.write_all(&bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn as_file(row: &PictureRow, picture: &OpenPicture) -> (String, Vec<u8>) {
    let (end, bytes) = match picture.codec {
        VideoCodec::Vp8 => ("webp", webp(&picture.keyframe)),
        VideoCodec::Vp9 => ("vp9", picture.keyframe.clone()),
        VideoCodec::H264 => ("h264", picture.keyframe.clone()),
    };
    (format!("picture-{}.{end}", row.n), bytes)
}

fn report(file: &CaseFile) -> io::Result<Vec<u8>> {
    let row = &file.row;
    document("report", |xml| {
        note(
            xml,
            "Choose the incidentType that fits; this is the one for pictures.",
        )?;
        element(xml, "incidentSummary", |xml| {
            leaf(xml, "incidentType", INCIDENT)?;
            leaf(xml, "incidentDateTime", &moment(row.opened_ms))?;
            let when = "When it was first reported or found";
            leaf(xml, "incidentDateTimeDescription", when)
        })?;
        element(xml, "internetDetails", |xml| {
            element(xml, "chatImIncident", |xml| {
                leaf(xml, "chatClient", "Random one-to-one video chat (visavis)")?;
                leaf(xml, "content", &format!("Seen or said: {}", row.label))
            })
        })?;
        note(xml, "Whoever submits this says here who they are.")?;
        element(xml, "reporter", |xml| {
            element(xml, "reportingPerson", |_| Ok(()))
        })?;
        element(xml, "personOrUserReported", |xml| {
            leaf(xml, "espIdentifier", &row.code)?;
            leaf(xml, "additionalInfo", &person_reported(file))
        })?;
        leaf(xml, "additionalInfo", &story(file))
    })
}

fn person_reported(file: &CaseFile) -> String {
    let row = &file.row;
    let earlier = file.history.len();
    let known = match row.device {
        Some(_) => format!("a browser that is known again, with {earlier} other cases"),
        None => "a browser that is not known again".to_owned(),
    };
    format!(
        "A visitor without an account: session {}, {known}. No address is kept.",
        row.session
    )
}

/// What is known of the case, and what was done about it.
fn story(file: &CaseFile) -> String {
    let row = &file.row;
    let mut story = format!(
        "Case {}, opened {}. {} reports. Score {:.2} by classifier '{}', policy '{}'.",
        row.id,
        moment(row.opened_ms),
        row.reports,
        row.score,
        row.version,
        row.policy,
    );
    if let Some(action) = &row.machine_action {
        story.push_str(&format!(" Done by machine: {action}."));
    }
    for decided in &file.decisions {
        story.push_str(&format!(
            " {}: {} for '{}' by a person with the role {}.",
            moment(decided.at_ms),
            decided.action,
            decided.reason,
            decided.role,
        ));
    }
    story
}

fn details(row: &PictureRow, name: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
    document("fileDetails", |xml| {
        leaf(xml, "originalFileName", name)?;
        leaf(xml, "fileRelevance", "Reported")?;
        xml.create_element("originalFileHash")
            .with_attribute(("hashType", "SHA256"))
            .write_text_content(BytesText::new(&hex::encode(digest::digest(
                &digest::SHA256,
                bytes,
            ))))?;
        let whose = row.whose.word();
        let taken = moment(row.taken_ms);
        let words = format!("A keyframe of live video, taken {taken}; whose: {whose}");
        leaf(xml, "additionalInfo", &words)
    })
}

fn document(name: &str, content: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let schema = [
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        ("xsi:noNamespaceSchemaLocation", SCHEMA),
    ];
    xml.create_element(name)
        .with_attributes(schema)
        .write_inner_content(content)?;
    Ok(xml.into_inner())
}

fn element(
    xml: &mut Xml,
    name: &str,
    content: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<()> {
    xml.create_element(name).write_inner_content(content)?;
    Ok(())
}

fn leaf(xml: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    xml.create_element(name)
        .write_text_content(BytesText::new(text))?;
    Ok(())
}

fn note(xml: &mut Xml, text: &str) -> io::Result<()> {
    let text = format!(" {text} ");
    xml.write_event(Event::Comment(BytesText::from_escaped(text)))
}
