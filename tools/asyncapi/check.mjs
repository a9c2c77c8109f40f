// Documents of AsyncAPI, as AsyncAPI's own parser reads them.
//
//     node check.mjs FILE...
//
// Every error and every warning of the parser fails; what it only remarks (a newer version of AsyncAPI exists) does
// not. The parser does not look at examples, so Ajv judges them by their payload's schema. That both would notice is
// shown each time on the first file: each of several faults put into it must be found.

import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import Ajv from 'ajv';
import yaml from 'js-yaml';

const WARNING = 1;
const DRAFT_07 = 'application/schema+json;version=draft-07';
const parser = new Parser();

async function problems(text) {
  const { document, diagnostics } = await parser.parse(text);
  const found = diagnostics
    .filter(({ severity }) => severity <= WARNING)
    .map(({ code, path, message }) => `${path.join('/') || 'the document'}: ${message} (${code})`);
  if (document === undefined) return { found: found.length ? found : ['it cannot be parsed'], told: '' };
  const operations = document.operations().all();
  const messages = document.allMessages().all();
  let examples = 0;
  for (const message of messages) {
    const { schemaFormat, schema } = message.json().payload ?? {};
    if (schemaFormat !== DRAFT_07) {
      found.push(`${message.id()}: its payload is no JSON Schema of draft 07`);
      continue;
    }
    const judge = new Ajv({ strict: false }).compile(schema);
    for (const example of message.examples().all()) {
      examples += 1;
      if (!judge(example.payload())) {
        found.push(`${message.id()}, example ${example.name()}: ${judge.errors[0].instancePath} ${judge.errors[0].message}`);
      }
    }
  }
  const told = `${operations.length} operations, ${messages.length} messages, ${examples} examples`;
  if (operations.length !== messages.length) found.push(`${told}: not one operation a message`);
  return { found, told };
}

const first = (object) => Object.values(object)[0];
const faults = {
  'no version': (whole) => delete whole.info.version,
  'an operation that is neither sent nor received': (whole) => (first(whole.operations).action = 'publish'),
  'a reference to nothing': (whole) =>
    (first(whole.operations).messages[0].$ref = '#/channels/connection/messages/nobody'),
  'a message that is not of its channel': (whole) =>
    (first(whole.operations).messages[0].$ref = `#/components/messages/${Object.keys(whole.components.messages)[0]}`),
  'a parameter that is not described': (whole) =>
    Object.assign(whole.channels.connection, { address: '/{nobody}', parameters: { somebody: {} } }),
  'a type that does not exist': (whole) => (first(whole.components.messages).payload.schema.type = 'strin'),
  'a schema of a draft that the parser does not read': (whole) =>
    (first(whole.components.messages).payload.schemaFormat = 'application/schema+json;version=draft-2020-12'),
  'an example that breaks its payload': (whole) =>
    (first(whole.components.messages).examples = [{ name: 'wrong', payload: { type: 'nobody' } }]),
};

const files = process.argv.slice(2);
let wrong = files.length === 0 ? ['no file is named'] : [];
for (const file of files) {
  const { found, told } = await problems(readFileSync(file, 'utf8'));
  console.log(`${file}: ${found.length ? `${found.length} problems` : told}`);
  wrong = wrong.concat(found.map((line) => `${file}: ${line}`));
}
if (files.length > 0 && wrong.length === 0) {
  const text = readFileSync(files[0], 'utf8');
  for (const [what, spoil] of Object.entries(faults)) {
    const whole = yaml.load(text);
    spoil(whole);
    const { found } = await problems(JSON.stringify(whole));
    if (found.length === 0) wrong.push(`${files[0]} with ${what}: nobody noticed`);
  }
  console.log(`${Object.keys(faults).length} faults put into ${files[0]}: ${wrong.length} unnoticed`);
}
for (const line of wrong) console.error(line);
process.exitCode = wrong.length === 0 ? 0 : 1;
