import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import { VCard, vcardTag, vcardText } from './vcard.ts'

describe('XEP-0054 §3: properties of a vCard', () => {
  const card = parseElement(`<vCard xmlns='vcard-temp'>
    <FN>Peter Saint-Andre</FN>
    <N><FAMILY>Saint-Andre</FAMILY><MIDDLE/></N>
    <DESC>
      More information
    </DESC>
    <ADR><WORK/><LOCALITY>Denver</LOCALITY></ADR>
    <ADR><HOME/><LOCALITY>Boulder</LOCALITY></ADR>
    <FN xmlns='other'>Someone else</FN>
  </vCard>`)

  it('are read by their path, the first of each name', () => {
    assert.ok(VCard.is(card))
    assert.equal(vcardText(card, 'FN'), 'Peter Saint-Andre')
    assert.equal(vcardText(card, 'N', 'FAMILY'), 'Saint-Andre')
    assert.equal(vcardText(card, 'ADR', 'LOCALITY'), 'Denver')
    assert.equal(vcardText(card, 'DESC'), 'More information')
  })

  it("are '' when they are empty or missing", () => {
    assert.equal(vcardText(card, 'N', 'MIDDLE'), '')
    assert.equal(vcardText(card, 'N', 'GIVEN', 'MORE'), '')
    assert.equal(vcardText(card, 'toString'), '')
  })

  it('are built', () => {
    assert.equal(
      serialize(VCard({}, vcardTag('FN')({}, 'Juliet'))),
      "<vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard>",
    )
  })
})
