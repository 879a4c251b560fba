private import FlashModel
