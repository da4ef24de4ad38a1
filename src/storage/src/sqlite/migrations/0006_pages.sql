-- How a merchant's customers see its shop. Merchants that were stored before have nothing set.

ALTER TABLE merchants ADD COLUMN page TEXT; -- JSON
