import type { Queryable } from './database.ts';

/** The part of the schema that health compares: names, types and index definitions; not defaults, checks or comments. */
export interface Schema {
  tables: Record<string, Record<string, Column>>;
  indexes: Record<string, Index>;
}

export interface Column {
  type: string;
  nullable: boolean;
}

export interface Index {
  table: string;
  unique: boolean;
  /** Columns or expressions, in order. */
  keys: string[];
  where: string | null;
}

const COLUMNS = `
  select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable
    from pg_attribute a join pg_class c on c.oid = a.attrelid
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
   order by c.relname, a.attname`;

// Ignores invalid indexes, which a failed build leaves behind.
const INDEXES = `
  select i.relname as name, t.relname as table, x.indisunique as unique,
         array(select pg_get_indexdef(x.indexrelid, k, false) from generate_series(1, x.indnkeyatts) k order by k) as keys,
         pg_get_expr(x.indpred, x.indrelid) as where
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
   where t.relnamespace = 'public'::regnamespace and x.indisvalid
   order by i.relname`;

export async function readSchema(db: Queryable): Promise<Schema> {
  const columns = await db.query<Column & { table: string; name: string }>(COLUMNS);
  const indexes = await db.query<Index & { name: string }>(INDEXES);
  const schema: Schema = { tables: {}, indexes: {} };
  for (const { table, name, type, nullable } of columns) {
    (schema.tables[table] ??= {})[name] = { type, nullable };
  }
  for (const { name, ...index } of indexes) schema.indexes[name] = index;
  return schema;
}
