-- In a transaction of its own, without the strong lock of 0015: reads the whole table while others read and write it.
alter table messages validate constraint messages_status_check;
alter table messages validate constraint messages_author_check;
