//! The vectors of `fixtures/` put to a JSON Schema validator written in Rust: `cargo test`.

use std::{collections::HashMap, fs, path::Path};

use boon::{Compiler, Schemas};
use serde_json::Value;

fn read(path: &Path) -> Value {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn stem(variant: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    variant
        .chars()
        .map(|c| if kept(c) { c } else { '-' })
        .collect()
}

#[test]
fn frames() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let mut judged = 0;
    for entry in fs::read_dir(root.join("fixtures")).expect("fixtures/") {
        let folder = entry.expect("an entry of fixtures/").path();
        if !folder.is_dir() {
            continue;
        }
        let schemas_of_dialect = root
            .join("schemas")
            .join(folder.file_name().expect("a name"));
        let (mut schemas, mut compiler, mut known) =
            (Schemas::new(), Compiler::new(), HashMap::new());
        for vector in read(&folder.join("frames.json"))
            .as_array()
            .expect("a list")
        {
            let text = |name: &str| vector[name].as_str().expect("text");
            let path = schemas_of_dialect
                .join(text("envelope"))
                .join(format!("{}.schema.json", stem(text("variant"))));
            let index = *known.entry(path.clone()).or_insert_with(|| {
                let url = format!("file://{}", path.display());
                compiler.add_resource(&url, read(&path)).expect("a schema");
                compiler
                    .compile(&url, &mut schemas)
                    .expect("a schema that compiles")
            });
            let found = schemas.validate(&vector["message"], index);
            assert_eq!(
                found.is_ok(),
                vector["valid"],
                "{}: {}",
                path.display(),
                text("description")
            );
            judged += 1;
        }
    }
    assert!(judged > 0);
}
