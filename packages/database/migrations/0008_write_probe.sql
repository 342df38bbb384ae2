-- Health checks insert a row here and roll it back, to see whether the database can store anything. A row fills its page beyond the
-- fill factor, so that each insert needs a page more from the file system and a full disk is found. The table stays empty; autovacuum
-- gives the pages back, and 200 of them (1.6 MB) are reason enough.
create table write_probe (
  filler text not null default repeat('x', 500)
) with (fillfactor = 10, autovacuum_vacuum_threshold = 200);
