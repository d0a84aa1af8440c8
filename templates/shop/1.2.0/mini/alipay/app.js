const platform = require("./platform.js");
const { createShop } = require("./shop.js");

App({
  onLaunch() {
    this.shop = createShop(platform);
    this.shop.start();
  },
});
