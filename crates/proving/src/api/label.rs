//! The label of a parcel: a small PDF (ISO 32000-1) with the recipient's address.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::input::Id;
use crate::problem::Problem;
use crate::scope::Principal;
use crate::site::Site;
use crate::store::{Address, Use};

pub(crate) async fn get(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
) -> Result<Response, Problem> {
    let recipient = site.store().parcel(&id, &asker, Use::Read)?.recipient.clone();
    let document = pdf(&id, &recipient);
    Ok(([(header::CONTENT_TYPE, "application/pdf")], document).into_response())
}

/// One A6 page: a font, a content stream, a cross-reference table.
fn pdf(id: &str, to: &Address) -> Vec<u8> {
    let lines = [id, &to.name, &to.street, &format!("{} {}", to.postcode, to.city), &to.country]
        .map(|line| format!("({}) Tj T*", literal(line)))
        .join("\n");
    let content = format!("BT /F1 14 Tf 18 TL 24 380 Td\n{lines}\nET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 298 420] /Contents 5 0 R \
         /Resources << /Font << /F1 4 0 R >> >> >>"
            .to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
    ];
    let mut document = b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", document.len()));
        document.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", index + 1).as_bytes());
    }
    let start = document.len();
    document.extend_from_slice(table.as_bytes());
    let trailer = format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    document.extend_from_slice(trailer.as_bytes());
    document
}

/// A string literal in ASCII: delimiters escaped, anything else replaced.
fn literal(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '(' | ')' | '\\' => format!("\\{c}"),
            ' '..='~' => c.to_string(),
            _ => "?".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cross_references_point_at_their_objects() {
        let to = Address {
            name: "Robin (R.) Example".to_owned(),
            street: "1 Rue de l'Été".to_owned(),
            city: "Ghent".to_owned(),
            postcode: "9000".to_owned(),
            country: "BE".to_owned(),
        };
        let document = pdf("par_01", &to);
        let text = String::from_utf8_lossy(&document);
        assert!(text.contains("(Robin \\(R.\\) Example) Tj"));
        let table = text.split("xref\n0 6\n").nth(1).unwrap();
        for (number, line) in table.lines().skip(1).take(5).enumerate() {
            let offset: usize = line.split(' ').next().unwrap().parse().unwrap();
            let object = format!("{} 0 obj", number + 1);
            assert!(document[offset..].starts_with(object.as_bytes()), "object {}", number + 1);
        }
    }
}
