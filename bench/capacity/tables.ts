// Says what was measured for docs/capacity.md.
import { digits, type Table } from '../report.ts'
import type { Following, Snapshot } from './feed.ts'
import type { TableSize } from './storage.ts'
import type { Wal } from './wal.ts'

export function storageTable(sizes: readonly TableSize[]): Table {
  return {
    title: 'What a row takes in PostgreSQL',
    columns: ['table', 'rows', 'bytes a row, table', 'bytes a row, indexes', 'together'],
    rows: sizes.map(({ table, rows, heap, indexes }) => [
      table,
      ...[rows, heap / rows, indexes / rows, (heap + indexes) / rows].map((value) => value.toFixed(0)),
    ]),
    notes: [
      'pg_table_size and pg_indexes_size through the number of rows, before any of them was vacuumed. Users, accounts and sessions are copies of those that were made over HTTP, with names and addresses of their own.',
    ],
  }
}

export function walTable(measured: readonly Wal[], settings: string): Table {
  return {
    title: 'What an operation writes to the log of PostgreSQL',
    columns: ['operation', 'wal_compression', 'bytes, first touch after a checkpoint', 'bytes, touched before'],
    rows: measured.map(({ operation, compression, first, again }) => [
      operation,
      compression,
      first.toFixed(0),
      again === undefined ? '' : again.toFixed(0),
    ]),
    notes: [
      'After a checkpoint the first change of a page writes all of it to the log (full_page_writes), 8 KiB; with many sessions most refreshes find a page that nobody has touched since. Login and logout are measured right after a checkpoint alone.',
      'Held is measured after a checkpoint too, in the order in which the sessions were rotated.',
      settings,
    ],
  }
}

export function followingTable(measured: readonly Following[]): Table {
  return {
    title: 'Readers of the revocation feed',
    columns: [
      'streams',
      'entries a second',
      'server, CPU ms a second',
      'PostgreSQL, CPU ms a second',
      'server, MB',
      'bytes a second to each',
      'log of PostgreSQL, bytes a second',
    ],
    rows: measured.map((one) => [
      String(one.streams),
      String(one.entriesPerSecond),
      ...[one.server, one.postgres].map(digits),
      ...[one.megabytes, one.bytesPerStream, one.wal].map((value) => value.toFixed(0)),
    ]),
    notes: [
      'While anybody follows, a server looks for entries forty times a second, and a heartbeat goes to each stream twice a second. Entries are tokens that are revoked at an even pace; what it costs PostgreSQL to revoke them is in its figure.',
    ],
  }
}

export function snapshotTable({ entries, bytes, zipped, server, postgres }: Snapshot): Table {
  return {
    title: 'A snapshot of the feed',
    columns: ['entries', 'bytes an entry', 'zipped', 'server, CPU ms', 'PostgreSQL, CPU ms'],
    rows: [[String(entries), digits(bytes / entries), digits(zipped / entries), digits(server), digits(postgres)]],
    notes: ['Built and zipped once a second at most, for all who ask.'],
  }
}
