//! The smallest document that a word processor opens: three members in a ZIP container.

use crc32fast::hash;

const CONTENT_TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;
const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
/// 1 January 2025, in the container's form; the text carries the dates that matter.
const DOS_DATE: u16 = (45 << 9) | (1 << 5) | 1;

/// A document with one paragraph for each line.
pub(crate) fn document(text: &str) -> Vec<u8> {
    let mut body = String::from(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>"#,
    );
    for line in text.lines() {
        body.push_str("<w:p><w:r><w:t xml:space=\"preserve\">");
        body.push_str(&escaped(line));
        body.push_str("</w:t></w:r></w:p>");
    }
    body.push_str("</w:body></w:document>");
    archive(&[
        ("[Content_Types].xml", CONTENT_TYPES.as_bytes()),
        ("_rels/.rels", RELATIONS.as_bytes()),
        ("word/document.xml", body.as_bytes()),
    ])
}

fn escaped(line: &str) -> String {
    line.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A ZIP container whose members are stored, not compressed.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in members {
        let offset = length(&bytes);
        let mut common = Vec::new();
        // Version 2.0, no flags, stored.
        for word in [20_u16, 0, 0, 0, DOS_DATE] {
            common.extend(word.to_le_bytes());
        }
        for word in [
            hash(content),
            length(content),
            length(content),
            length(name.as_bytes()),
        ] {
            common.extend(word.to_le_bytes());
        }
        // The last number was the 16-bit name length; its upper half is the length of no extra field.
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(name.as_bytes());
        bytes.extend(*content);

        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        // No comment, first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = length(&bytes);
    let count = u16::try_from(members.len()).unwrap_or(0).to_le_bytes();
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
    bytes.extend(count);
    bytes.extend(count);
    bytes.extend(length(&directory).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn the_container_ends_with_a_directory_of_three() {
        let bytes = document("one\nтри < 4");
        assert_eq!(&bytes[..4], b"PK\x03\x04");
        let end = bytes.len() - 22;
        assert_eq!(&bytes[end..end + 4], b"PK\x05\x06");
        assert_eq!(bytes[end + 8], 3);
        let start = u32::from_le_bytes(bytes[end + 16..end + 20].try_into().unwrap());
        assert_eq!(&bytes[start as usize..start as usize + 4], b"PK\x01\x02");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("три &lt; 4"));
    }
}
