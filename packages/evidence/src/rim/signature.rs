//! The enveloped XML signature of a manifest (XML Signature 1.1), in NVIDIA's one profile.

use base64::prelude::{Engine, BASE64_STANDARD};
use roxmltree::Node;
use sha2::{Digest, Sha384};

use super::canonical::canonical;
use super::chain::Signer;
use super::RimError;

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const C14N11: &str = "http://www.w3.org/2006/12/xml-c14n11";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const ECDSA_SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
const DIGEST_SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";

/// A signature element whose form was checked, but not what it says.
pub(super) struct Signature<'a, 'b> {
    element: Node<'a, 'b>,
    signed_info: Node<'a, 'b>,
    digest: Vec<u8>,
    value: [u8; 96],
    /// DER, signer first.
    pub certificates: Vec<Vec<u8>>,
}

impl<'a, 'b> Signature<'a, 'b> {
    /// Finds the only signature in the document, which must be the root's last child element.
    ///
    /// # Errors
    /// [`RimError::Profile`].
    pub fn find(root: Node<'a, 'b>) -> Result<Self, RimError> {
        let mut all = root
            .descendants()
            .filter(|node| node.has_tag_name((DSIG, "Signature")));
        let element = all
            .next()
            .filter(|found| root.last_element_child() == Some(*found));
        let element = element.ok_or(RimError::Profile("signature is not the last child"))?;
        if all.next().is_some() {
            return Err(RimError::Profile("more than one signature"));
        }
        let [signed_info, value, key_info] =
            children(element, ["SignedInfo", "SignatureValue", "KeyInfo"])?;
        let digest = reference_digest(signed_info)?;
        let value = binary(value)?
            .try_into()
            .map_err(|_| RimError::Profile("signature value is not 96 bytes"))?;
        let [data] = children(key_info, ["X509Data"])?;
        let certificates = data.children().filter(Node::is_element);
        let certificates = certificates
            .map(|one| match one.has_tag_name((DSIG, "X509Certificate")) {
                true => binary(one),
                false => Err(RimError::Profile(
                    "key info has other things than certificates",
                )),
            })
            .collect::<Result<_, _>>()?;
        Ok(Signature {
            element,
            signed_info,
            digest,
            value,
            certificates,
        })
    }

    /// Compares the document's digest, then verifies the signature over it.
    ///
    /// # Errors
    /// [`RimError::Digest`] or [`RimError::Signature`].
    pub fn check(&self, root: Node<'_, '_>, signer: &Signer) -> Result<(), RimError> {
        let document = canonical(root, Some(self.element))?;
        if Sha384::digest(document).as_slice() != self.digest {
            return Err(RimError::Digest);
        }
        if signer.signed(&canonical(self.signed_info, None)?, &self.value) {
            Ok(())
        } else {
            Err(RimError::Signature)
        }
    }
}

/// Checks the algorithms and gives the digest of the only reference, which must be to the document.
fn reference_digest(signed_info: Node<'_, '_>) -> Result<Vec<u8>, RimError> {
    let names = ["CanonicalizationMethod", "SignatureMethod", "Reference"];
    let [canonicalization, method, reference] = children(signed_info, names)?;
    expect(canonicalization, C14N11)?;
    expect(method, ECDSA_SHA384)?;
    if reference.attribute("URI") != Some("") {
        return Err(RimError::Profile("reference is not to the whole document"));
    }
    let [transforms, digest_method, digest] =
        children(reference, ["Transforms", "DigestMethod", "DigestValue"])?;
    let [enveloped, canonical] = children(transforms, ["Transform", "Transform"])?;
    expect(enveloped, ENVELOPED)?;
    expect(canonical, C14N11)?;
    expect(digest_method, DIGEST_SHA384)?;
    binary(digest)
}

/// The child elements, which must have exactly these names in this order.
fn children<'a, 'b, const N: usize>(
    parent: Node<'a, 'b>,
    names: [&str; N],
) -> Result<[Node<'a, 'b>; N], RimError> {
    let found: Vec<_> = parent.children().filter(Node::is_element).collect();
    let found: [Node<'a, 'b>; N] = found
        .try_into()
        .map_err(|_| RimError::Profile("an element has too many or too few children"))?;
    let equal = found
        .iter()
        .zip(names)
        .all(|(node, name)| node.has_tag_name((DSIG, name)));
    if equal {
        Ok(found)
    } else {
        Err(RimError::Profile("an element has unexpected children"))
    }
}

fn expect(element: Node<'_, '_>, algorithm: &str) -> Result<(), RimError> {
    if element.attribute("Algorithm") == Some(algorithm) && !element.has_children() {
        Ok(())
    } else {
        Err(RimError::Profile("an algorithm is not the expected one"))
    }
}

fn binary(element: Node<'_, '_>) -> Result<Vec<u8>, RimError> {
    let text: String = element
        .text()
        .unwrap_or_default()
        .split_ascii_whitespace()
        .collect();
    BASE64_STANDARD
        .decode(text)
        .map_err(|_| RimError::Profile("a value is not base64"))
}
