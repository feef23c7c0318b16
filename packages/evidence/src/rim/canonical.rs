//! Canonical XML 1.1 without comments (<https://www.w3.org/TR/xml-c14n11/>), as far as NVIDIA's
//! reference integrity manifests need it: elements, attributes, namespaces and text. What a manifest
//! has no use for is refused rather than guessed at: processing instructions and attributes of the
//! `xml:` prefix, for which the standard has rules of inheritance.
//!
//! The tree that is written here is the very tree from which the measurements are read, so nothing
//! can be signed that is not read, or read that is not signed.

use roxmltree::{Node, NodeType};

use super::RimError;

/// Deepest nesting of elements; manifests have five.
const DEPTH_LIMIT: usize = 16;

/// Writes the element in canonical form, leaving out the element `without` (and all in it), as the
/// enveloped-signature transform does. Namespaces that are in scope from outside the element are
/// written on it, as the standard says for a part of a document.
///
/// # Errors
/// [`RimError::Xml`] for what manifests do not contain.
pub fn canonical(
    element: Node<'_, '_>,
    without: Option<Node<'_, '_>>,
) -> Result<Vec<u8>, RimError> {
    let mut out = String::with_capacity(element.range().len());
    write_element(&mut out, element, without, &[], DEPTH_LIMIT)?;
    Ok(out.into_bytes())
}

/// Prefix and URI.
type Namespace<'a> = (&'a str, &'a str);

fn write_element(
    out: &mut String,
    element: Node<'_, '_>,
    without: Option<Node<'_, '_>>,
    written: &[Namespace<'_>],
    depth: usize,
) -> Result<(), RimError> {
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| RimError::Xml("nests too deep".to_string()))?;
    let name = qualified_name(element)?;
    let scope = namespaces(element);
    out.push('<');
    out.push_str(name);
    let default = |list: &[Namespace<'_>]| list.iter().any(|(prefix, _)| prefix.is_empty());
    if default(written) && !default(&scope) {
        out.push_str(" xmlns=\"\"");
    }
    for (prefix, uri) in scope.iter().filter(|own| !written.contains(own)) {
        let separator = if prefix.is_empty() { "" } else { ":" };
        out.push_str(&format!(" xmlns{separator}{prefix}=\""));
        escape(out, uri, true);
        out.push('"');
    }
    write_attributes(out, element)?;
    out.push('>');
    for child in element.children() {
        match child.node_type() {
            NodeType::Element if Some(child) == without => {}
            NodeType::Element => write_element(out, child, without, &scope, depth)?,
            NodeType::Text => escape(out, child.text().unwrap_or_default(), false),
            NodeType::Comment => {}
            NodeType::PI | NodeType::Root => {
                return Err(RimError::Xml("has a processing instruction".to_string()))
            }
        }
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
    Ok(())
}

/// Namespaces in scope, the default one first, then by prefix.
fn namespaces<'a>(element: Node<'a, '_>) -> Vec<Namespace<'a>> {
    let mut scope: Vec<Namespace<'a>> = element
        .namespaces()
        .map(|namespace| (namespace.name().unwrap_or_default(), namespace.uri()))
        .filter(|(prefix, uri)| *prefix != "xml" && !uri.is_empty())
        .collect();
    scope.sort_unstable();
    scope
}

/// Attributes by namespace URI, then local name.
fn write_attributes(out: &mut String, element: Node<'_, '_>) -> Result<(), RimError> {
    let source = element.document().input_text();
    let mut attributes: Vec<_> = element.attributes().collect();
    attributes.sort_unstable_by_key(|one| (one.namespace().unwrap_or_default(), one.name()));
    for attribute in attributes {
        let name = source.get(attribute.range_qname()).unwrap_or_default();
        if name.is_empty() || name.starts_with("xml:") {
            return Err(RimError::Xml(format!("has an attribute `{name}`")));
        }
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape(out, attribute.value(), true);
        out.push('"');
    }
    Ok(())
}

/// The element's name with its prefix, as it stands in the source: the parser keeps the URI only.
fn qualified_name<'a>(element: Node<'a, '_>) -> Result<&'a str, RimError> {
    let source = element.document().input_text();
    let tag = source
        .get(element.range())
        .and_then(|text| text.strip_prefix('<'));
    let name = tag.and_then(|tag| tag.split([' ', '\t', '\r', '\n', '/', '>']).next());
    name.filter(|name| name.ends_with(element.tag_name().name()))
        .ok_or_else(|| RimError::Xml("has an element without a name".to_string()))
}

fn escape(out: &mut String, text: &str, attribute: bool) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' if !attribute => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            '"' if attribute => out.push_str("&quot;"),
            '\t' if attribute => out.push_str("&#x9;"),
            '\n' if attribute => out.push_str("&#xA;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::canonical;

    fn form(xml: &str) -> String {
        let document = Document::parse(xml).unwrap();
        String::from_utf8(canonical(document.root_element(), None).unwrap()).unwrap()
    }

    /// Examples in the manner of the standard's §3.3 and §3.4: order, namespaces, escapes.
    #[test]
    fn start_tags_are_ordered_and_normalised() {
        assert_eq!(
            form(
                "<e5 a:attr='out' b:attr='sorted' attr2='all' attr='I&apos;m' \
                  xmlns:b='http://www.ietf.org' xmlns:a='http://www.w3.org' xmlns='http://e.org'/>"
            ),
            "<e5 xmlns=\"http://e.org\" xmlns:a=\"http://www.w3.org\" \
             xmlns:b=\"http://www.ietf.org\" attr=\"I'm\" attr2=\"all\" b:attr=\"sorted\" \
             a:attr=\"out\"></e5>"
        );
        assert_eq!(
            form("<a xmlns:n='u'><n:b xmlns:n='u' x='1&#xA;&quot;&lt;'/><n:b xmlns:n='v'/></a>"),
            "<a xmlns:n=\"u\"><n:b x=\"1&#xA;&quot;&lt;\"></n:b><n:b xmlns:n=\"v\"></n:b></a>"
        );
    }

    #[test]
    fn a_default_namespace_can_end() {
        assert_eq!(
            form("<a xmlns='d'><b xmlns=''><c/></b></a>"),
            "<a xmlns=\"d\"><b xmlns=\"\"><c></c></b></a>"
        );
    }

    #[test]
    fn text_is_escaped_and_comments_go() {
        assert_eq!(
            form("<a>1 &gt; 0 &amp; <![CDATA[<x>]]><!-- no -->\r\n&#xD;</a>"),
            "<a>1 &gt; 0 &amp; &lt;x&gt;\n&#xD;</a>"
        );
    }

    #[test]
    fn a_part_carries_its_namespaces_and_the_signature_can_be_left_out() {
        let document = Document::parse("<a xmlns='d' xmlns:s='u'>1<s:b/>2<c/></a>").unwrap();
        let root = document.root_element();
        let part = root.first_element_child().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert_eq!(
            text(canonical(part, None).unwrap()),
            "<s:b xmlns=\"d\" xmlns:s=\"u\"></s:b>"
        );
        assert_eq!(
            text(canonical(root, Some(part)).unwrap()),
            "<a xmlns=\"d\" xmlns:s=\"u\">12<c></c></a>"
        );
    }

    #[test]
    fn what_manifests_do_not_have_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(17), "</a>".repeat(17));
        for xml in ["<a><?pi x?></a>", "<a xml:id='1'/>", &deep] {
            let document = Document::parse(xml).unwrap();
            assert!(canonical(document.root_element(), None).is_err(), "{xml}");
        }
    }
}
