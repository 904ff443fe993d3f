// The calls of the gateway's tables, served by Fastify: a page of the list, and one call.
//
// It answers what the gateway answers, and does nothing else: no keys, no tenants apart, no limits, no log.
// Environment: BENCH_DSN, BENCH_TENANT, BENCH_PORT.
const fs = require('node:fs')
const path = require('node:path')
const fastify = require('fastify')({ logger: false })
const fzstd = require('fzstd')
const pg = require('pg')

const sql = Object.fromEntries(['list', 'place', 'call', 'freshness'].map((name) =>
  [name, fs.readFileSync(path.join(process.env.BENCH_SQL, `${name}.sql`), 'utf8')]))
const tenant = process.env.BENCH_TENANT
// JSON as its text: it goes into the answer as it is where nothing reads it.
pg.types.setTypeParser(pg.types.builtins.JSONB, JSON.parse)
const pool = new pg.Pool({ connectionString: process.env.BENCH_DSN, max: 5 })
const parts = ['transcript', 'analyses', 'media', 'raw', 'versions']
const head = ['channel', 'kind', 'direction', 'status', 'started_at_source', 'duration_source']
const text = new TextDecoder()

const instant = (at) => at === null ? null : at.toISOString()

function prune (of, members) {
  const words = of.vendor_values
  if (!words) return
  const kept = Object.entries(words).filter(([name]) => members.includes(name) && of[name] === 'other')
  if (kept.length) of.vendor_values = Object.fromEntries(kept)
  else delete of.vendor_values
}

function document (row, freshness, hashes, analyses) {
  const call = JSON.parse(row.body)
  const address = `/v1/calls/${row.id}`
  prune(call, head)
  for (const party of call.parties) prune(party, ['role', 'affiliation', 'type'])
  for (const attempt of call.attempts) delete attempt.dialog_events
  for (const media of call.media) media.url = `${address}/media/${media.id}`
  const meta = {
    first_seen_at: instant(row.first_seen_at),
    modified_at: instant(row.modified_at),
    synced_at: instant(row.observed_at),
    version: row.version,
    payload_hash: row.payload_hash.toString('hex'),
    mapper_version: row.mapper_version,
    unmapped_count: row.unmapped.length,
    estimated_fields: call.estimated_fields,
    flags: call.flags ?? []
  }
  delete call.estimated_fields
  delete call.flags
  if (hashes) meta.raw_refs = hashes.map((hash) => `sha256:${hash.toString('hex')}`)
  else if (freshness[row.connection_id]?.data_fresh_as_of) meta.data_fresh_as_of = freshness[row.connection_id].data_fresh_as_of
  for (const name of ['deleted_at', 'vendor_expired_at']) if (row[name]) meta[name] = instant(row[name])
  if (row.deletion_evidence) meta.deletion_evidence = row.deletion_evidence
  return Object.assign(call, {
    schema: 'analyzed_call/1',
    id: row.id,
    tenant_id: tenant,
    connection_id: row.connection_id,
    vendor: row.vendor,
    external_refs: row.external_refs,
    client_metadata: row.client_metadata,
    transcript: null,
    analyses,
    links: Object.fromEntries([['self', address], ...parts.map((part) => [part, `${address}/${part}`])]),
    _meta: meta
  })
}

async function freshnessOf () {
  const { rows } = await pool.query({ name: 'freshness', text: sql.freshness, values: [tenant] })
  return Object.fromEntries(rows.map((row) => [row.id, {
    state: row.state,
    synced_at: instant(row.synced_at),
    data_fresh_as_of: instant(row.fresh_as_of),
    historical_data_since: instant(row.historical_since),
    reason: row.state_reason,
    next_run_at: row.enabled ? instant(row.not_before > row.next_run_at ? row.not_before : row.next_run_at) : null
  }]))
}

fastify.get('/calls', async (request, reply) => {
  const { at, id } = request.query
  const { rows } = await pool.query({ name: 'list', text: sql.list, values: [tenant, at, id] })
  const freshness = await freshnessOf()
  const last = rows.length > 50 ? rows[49] : null
  reply.type('application/json')
  return JSON.stringify({
    data: rows.slice(0, 50).map((row) => document(row, freshness, null, null)),
    next_cursor: last && `${instant(last.sort_at)},${last.id}`,
    freshness,
    notes: []
  })
})

fastify.get('/calls/:id', async (request, reply) => {
  const { id } = request.params
  const place = await pool.query({ name: 'place', text: sql.place, values: [tenant, id] })
  const { rows } = await pool.query({ name: 'call', text: sql.call, values: [tenant, place.rows[0].sort_at, id] })
  const analyses = JSON.parse(text.decode(fzstd.decompress(rows[0].analyses)))
  for (const analysis of analyses) {
    prune(analysis, ['kind', 'analyzed_at_source'])
    for (const detection of analysis.detections ?? []) prune(detection, ['type', 'performer', 'condition', 'scope'])
    for (const sentiment of analysis.sentiments ?? []) prune(sentiment, ['scope', 'label'])
  }
  reply.type('application/json')
  return JSON.stringify(document(rows[0], {}, rows[0].hashes, analyses))
})

fastify.listen({ port: Number(process.env.BENCH_PORT), host: '127.0.0.1' })
