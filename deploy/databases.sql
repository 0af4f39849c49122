-- Run once by a fresh PostgreSQL, beside the database `airflow`: the labeling service's store, the lake's catalog.
create database service;
create database lake;
