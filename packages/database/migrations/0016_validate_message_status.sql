-- In a transaction of its own, without the strong lock of 0007: reads the whole table while others read and write it.
alter table messages validate constraint messages_status_check;
